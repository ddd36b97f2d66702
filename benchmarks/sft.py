"""Supervised tuning of Alpaca rows: taskfit against TRL and LLaMA-Factory, same model, same rows, same examples per step.

Every run is a process of its own with one thread. Shown are real tokens (padding never counts) per processor second
from the first to the last optimizer step, the processor seconds until the first step is done (imports and data included), and the
peak memory of the process. The way "pretrain" learns every token of the same rows as plain text. "plain fp32" is a short loop over transformers with padded batches; taskfit's losses must
equal its losses. Peers that pack put about four examples into a row of 512 tokens and take four rows a step.
"""

import argparse
import sys
from pathlib import Path

from common import HERE, Job, Run, have_peer, interleaved, median, parser_of, peer_python, spread, table, write_results
from material import alpaca_file, have_shape

WAYS = ("full", "lora", "last", "pretrain")
TASKFIT, PLAIN = "taskfit", "plain"
# name of a line -> (environment, variant)
LINES = {
    "taskfit bf16": (TASKFIT, "bf16"),
    "taskfit fp32": (TASKFIT, "fp32"),
    "plain fp32": (PLAIN, "fp32"),
    "TRL default": ("trl", "default"),
    "TRL default, no checkpointing": ("trl", "default-no-checkpointing"),
    "TRL grouped by length": ("trl", "grouped-bf16"),
    "TRL packing (bfd)": ("trl", "packing-bf16"),
    "LLaMA-Factory default": ("llamafactory", "default"),
    "LLaMA-Factory default, no checkpointing": ("llamafactory", "default-no-checkpointing"),
    "LLaMA-Factory neat_packing bf16": ("llamafactory", "neat-bf16"),
}
SCRIPTS = {
    TASKFIT: HERE / "workers" / "sft.py",
    PLAIN: HERE / "workers" / "plain_sft.py",
    "trl": HERE / "peers" / "trl_sft.py",
    "llamafactory": HERE / "peers" / "llamafactory_sft.py",
}


def python_of(environment: str) -> Path:
    """Return the Python that runs a line; taskfit's own clean environment when it was made."""
    if environment in (TASKFIT, PLAIN):
        own = peer_python(TASKFIT)
        return own if own.exists() else Path(sys.executable)
    return peer_python(environment)


def jobs_of(way: str, lines: list[str], fixed: tuple[str, ...]) -> list[Job]:
    """Return the jobs of one way to train."""
    jobs = []
    for line in lines:
        environment, variant = LINES[line]
        words = ("--way", way, "--variant", variant, *fixed)
        jobs.append(Job(line, SCRIPTS[environment], words, python_of(environment)))
    return jobs


def rate(run: Run) -> float:
    """Return real tokens per processor second, from the start of training to its last step."""
    return sum(run.facts["tokens"]) / (run.facts["cpu"][-1] - run.facts["began"])


def first_step(run: Run) -> float:
    """Return the processor seconds from the start of the process to the end of its first step."""
    return float(run.facts["cpu"][0])


def loss_gap(runs: dict[str, list[Run]]) -> float | None:
    """Return the largest relative difference between taskfit's fp32 losses and the plain ones."""
    if not {"taskfit fp32", "plain fp32"} <= runs.keys():
        return None
    ours, plain = (runs[name][0].facts["losses"] for name in ("taskfit fp32", "plain fp32"))
    return max(abs(a - b) / abs(b) for a, b in zip(ours, plain, strict=True))


def figures(runs: dict[str, list[Run]]) -> list[dict[str, object]]:
    """Return one line of figures per configuration."""
    return [
        {
            "line": name,
            "tokens_per_cpu_second": round(median(done, rate), 1),
            "range": spread(done, rate),
            "first_step_cpu_seconds": round(median(done, first_step), 2),
            "peak_mb": round(median(done, lambda run: run.bytes_peak / 1e6)),
            "padding": round(1 - sum(done[0].facts["tokens"]) / sum(done[0].facts["slots"]), 3),
            "tokens": sum(done[0].facts["tokens"]),
            "targets": sum(done[0].facts["targets"]),
            "steps": len(done[0].facts["cpu"]),
            "losses": [round(loss, 4) for loss in done[0].facts["losses"][:4]],
            "versions": done[0].facts.get("versions", {}),
        }
        for name, done in runs.items()
    ]


def show(way: str, lines: list[dict[str, object]]) -> None:
    """Print the table of one way; ratios are taskfit bf16 over the line."""
    ours = next((one for one in lines if one["line"] == "taskfit bf16"), lines[0])
    cells = [
        (
            one["line"],
            one["range"],
            f"{float(str(ours['tokens_per_cpu_second'])) / float(str(one['tokens_per_cpu_second'])):.2f}x",
            one["first_step_cpu_seconds"],
            f"{one['peak_mb']:,}",
            f"{one['padding']:.0%}",
            one["losses"],
        )
        for one in lines
    ]
    head = (
        "configuration",
        "tokens / CPU s",
        f"{ours['line']} is",
        "first step, CPU s",
        "peak MB",
        "padding",
        "first losses",
    )
    print(f"\n{way}\n{table(head, cells)}", flush=True)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--rows", type=int, default=1000, help="Alpaca rows; 128-256 for a quick look")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16, help="examples per optimizer step")
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS)
    parser.add_argument("--only", nargs="+", default=[], help="only lines whose name contains one of these words")
    parser.add_argument("--name", default=None, help="name of the result file (default: sft-SHAPE)")
    chosen = parser.parse_args()
    alpaca = alpaca_file(chosen.alpaca)
    model = have_shape(chosen.shape, alpaca)
    lines = [line for line in LINES if not chosen.only or any(word in line for word in chosen.only)]
    missing = {peer for peer in ("trl", "llamafactory") if not have_peer(peer)}
    lines = [line for line in lines if LINES[line][0] not in missing]
    found = {}
    for way in chosen.ways:
        runs = interleaved(jobs_of(way, lines, fixed_words(chosen, model, alpaca)), chosen.repeat)
        found[way] = {"lines": figures(runs), "loss_gap_to_plain": loss_gap(runs)}
        show(way, found[way]["lines"])
        print(f"largest relative difference to the plain losses (fp32, aim 1e-5): {found[way]['loss_gap_to_plain']}")
    settings = {key: vars(chosen)[key] for key in ("shape", "rows", "epochs", "batch", "max_length", "repeat")}
    write_results(chosen.name or f"sft-{chosen.shape}", {"settings": settings, "ways": found}, chosen.results)


def fixed_words(chosen: argparse.Namespace, model: Path, alpaca: Path) -> tuple[str, ...]:
    """Return the words that every worker gets."""
    numbers = {"rows": chosen.rows, "batch": chosen.batch, "max-length": chosen.max_length, "epochs": chosen.epochs}
    words = [word for key, value in numbers.items() for word in (f"--{key}", str(value))]
    return ("--model", str(model), "--alpaca", str(alpaca), *words)


if __name__ == "__main__":
    main()
