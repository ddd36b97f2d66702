"""A classification head on a frozen body, over several epochs: taskfit against transformers' Trainer.

The peer is what users write: AutoModelForSequenceClassification, the body frozen, trained by the Trainer; every epoch
runs the whole body (TRL and LLaMA-Factory have no head of this kind). taskfit runs the body once, without padding,
and solves the head on what it gives, with the penalty that is best on dev; more epochs would change nothing. Same model,
rows and prompts. Shown are the processor seconds from the rows to the trained head, without imports and loading.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from common import HERE, Job, Run, have_peer, interleaved, median, parser_of, peer_python, spread, table, write_results
from material import alpaca_file, have_shape, read_rows
from sft import TASKFIT, python_of
from verbs import verb_rows

AIM = 3.0
# name of a line -> (environment, script, variant)
OURS, PEER = HERE / "workers" / "head.py", HERE / "peers" / "trainer_head.py"
LINES = {
    "taskfit bf16": (OURS, "bf16"),
    "taskfit fp32": (OURS, "fp32"),
    "Trainer fp32": (PEER, "fp32"),
    "Trainer bf16": (PEER, "bf16"),
    "Trainer bf16, grouped by length": (PEER, "grouped-bf16"),
}


def jobs_of(words: tuple[str, ...]) -> list[Job]:
    """Return one job per line."""
    pythons = {OURS: python_of(TASKFIT), PEER: peer_python("trl")}
    return [Job(name, script, ("--variant", kind, *words), pythons[script]) for name, (script, kind) in LINES.items()]


def seconds(run: Run, epoch: int = -1) -> float:
    """Return the processor seconds until the end of an epoch (the last one)."""
    return float(run.facts["seconds"][epoch])


def accuracy(run: Run) -> float:
    """Return the share of test rows with the right answer."""
    return float(run.facts["accuracy"])


def figures(runs: dict[str, list[Run]]) -> list[dict[str, object]]:
    """Return one line of figures per configuration; ratios are over the line of taskfit with the same precision."""
    lines: list[dict[str, object]] = []
    for name, done in runs.items():
        ours = runs["taskfit fp32" if "fp32" in name else "taskfit bf16"]
        ratios = [median(done, lambda run, e=e: seconds(run, e)) / median(ours, seconds) for e in (0, -1)]
        lines.append(
            {
                "line": name,
                "cpu_seconds": round(median(done, seconds), 2),
                "range": spread(done, seconds, 1),
                "ratio_one_epoch": round(ratios[0], 2),
                "ratio": round(ratios[1], 2),
                "accuracy": round(median(done, accuracy), 4),
                "peak_mb": round(median(done, lambda run: run.bytes_peak / 1e6)),
            }
        )
    return lines


def show(lines: Sequence[dict[str, object]], epochs: int) -> None:
    """Print the table."""
    head = ("configuration", "CPU s", "taskfit is, 1 epoch", f"{epochs} epochs", "accuracy", "peak MB")
    cells = [
        (one["line"], one["range"], f"{one['ratio_one_epoch']}x", f"{one['ratio']}x", one["accuracy"], one["peak_mb"])
        for one in lines
    ]
    print(table(head, cells))
    least = min(float(str(one["ratio"])) for one in lines if str(one["line"]).startswith("Trainer"))
    print(f"least ratio over {epochs} epochs, same precision: {least}x (aim {AIM}x)")


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--train", type=int, default=800)
    parser.add_argument("--dev", type=int, default=100)
    parser.add_argument("--test", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16)
    chosen = parser.parse_args()
    if not have_peer("trl"):
        raise SystemExit("The peer runs in TRL's environment.")
    alpaca = alpaca_file(chosen.alpaca)
    model = have_shape(chosen.shape, alpaca)
    rows = verb_rows(read_rows(alpaca), chosen.train + chosen.dev + chosen.test)
    cut = chosen.train + chosen.dev
    parts = {"train": rows[: chosen.train], "dev": rows[chosen.train : cut], "test": rows[cut:]}
    with tempfile.TemporaryDirectory() as desk:
        task = Path(desk) / "task.json"
        task.write_text(json.dumps(parts), encoding="utf-8")
        numbers = ("--epochs", str(chosen.epochs), "--batch", str(chosen.batch))
        runs = interleaved(jobs_of(("--model", str(model), "--task", str(task), *numbers)), chosen.repeat)
    lines = figures(runs)
    show(lines, chosen.epochs)
    keys = ("shape", "train", "dev", "test", "epochs", "batch", "repeat")
    settings = {key: vars(chosen)[key] for key in keys}
    write_results(f"head-{chosen.shape}", {"settings": settings, "lines": lines}, chosen.results)


if __name__ == "__main__":
    main()
