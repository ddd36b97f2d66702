"""The ladder as one piece of work, against each rung done by itself.

Six rungs (zero-shot, 8-shot, head, last two layers, LoRA, full) on the same rows. On the one side taskfit, one
process. On the other side plain transformers with padded batches, PEFT, AutoModelForSequenceClassification and one padded
request per (question, label), a process per rung. Same rows, same order, same learning rates, same choice on dev;
in float32 the answers must be equal (the head is another algorithm: L-BFGS on features computed once).
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from common import HERE, Job, Run, interleaved, median, parser_of, table, write_results
from material import alpaca_file, have_shape, read_rows
from verbs import LABELS, verb_rows

RUNGS = ("zero_shot", "few_shot", "head", "last_layers", "lora", "full")
AIM = 4.0
Scores = Sequence[Sequence[float]]


def jobs_of(model: Path, task: Path, words: Mapping[str, object]) -> list[Job]:
    """Return taskfit's two jobs (float32, bfloat16) and one job per plain rung."""
    shared = [word for key, value in words.items() for word in (f"--{key}", str(value))]
    fixed = ("--model", str(model), "--task", str(task), *shared)
    ours = HERE / "workers" / "ladder_taskfit.py"
    plain = HERE / "workers" / "ladder_plain.py"
    jobs = [Job("taskfit fp32", ours, fixed), Job("taskfit bf16", ours, (*fixed, "--dtype", "bfloat16"))]
    return jobs + [Job(rung, plain, (*fixed, "--rung", rung, "--request-batch", "16")) for rung in RUNGS]


def work(runs: Sequence[Run], rung: str) -> float:
    """Return the processor seconds of a rung's own work: adapting and answering, without imports and loading."""
    return median(runs, lambda run: float(run.facts["cpu"][rung]))


def agreement(one: Scores, other: Scores) -> float:
    """Return the share of test rows with the same answer."""
    pairs = [(list(a), list(b)) for a, b in zip(one, other, strict=True)]
    return sum(a.index(max(a)) == b.index(max(b)) for a, b in pairs) / len(pairs)


def largest_gap(one: Scores, other: Scores) -> float:
    """Return the largest difference of the log-probabilities over the labels."""
    return max(abs(a - b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True))


def accuracy(scores: Scores, gold: Sequence[str]) -> float:
    """Return the share of rows whose best label is the gold one."""
    names = list(LABELS)
    return sum(names[list(row).index(max(row))] == label for row, label in zip(scores, gold, strict=True)) / len(gold)


def figures(runs: Mapping[str, Sequence[Run]], gold: Sequence[str]) -> list[dict[str, object]]:
    """Return one line per rung."""
    lines = []
    for rung in RUNGS:
        plain = runs[rung][0].facts["scores"][rung]
        line: dict[str, object] = {"rung": rung, "plain_cpu_seconds": round(work(runs[rung], rung), 3)}
        line["plain_accuracy"] = accuracy(plain, gold)
        for kind in ("fp32", "bf16"):
            ours = runs[f"taskfit {kind}"]
            scores = ours[0].facts["scores"][rung]
            line |= {
                f"{kind}_cpu_seconds": round(work(ours, rung), 3),
                f"{kind}_same_answers": agreement(scores, plain),
                f"{kind}_largest_gap": largest_gap(scores, plain),
                f"{kind}_accuracy": accuracy(scores, gold),
            }
        lines.append(line)
    return lines


def totals(runs: Mapping[str, Sequence[Run]], lines: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """Return the sums: the work alone, and whole processes with imports and loading."""
    whole = sum(median(runs[rung], lambda run: run.cpu_seconds) for rung in RUNGS)
    found = {"plain_work": sum(float(str(one["plain_cpu_seconds"])) for one in lines), "plain_processes": whole}
    for kind in ("fp32", "bf16"):
        found[f"{kind}_work"] = sum(float(str(one[f"{kind}_cpu_seconds"])) for one in lines)
        found[f"{kind}_processes"] = median(runs[f"taskfit {kind}"], lambda run: run.cpu_seconds)
        for part in ("work", "processes"):
            found[f"{kind}_{part}_ratio"] = found[f"plain_{part}"] / found[f"{kind}_{part}"]
    return {key: round(value, 3) for key, value in found.items()}


def show(lines: Sequence[Mapping[str, object]], sums: Mapping[str, float]) -> None:
    """Print the table."""
    head = (
        "rung",
        "plain CPU s",
        "taskfit fp32",
        "bf16",
        "same answers fp32",
        "bf16",
        "largest |Δ log p| fp32",
        "accuracy",
    )
    cells: list[tuple[object, ...]] = [
        (
            one["rung"],
            *(f"{one[key]:.2f}" for key in ("plain_cpu_seconds", "fp32_cpu_seconds", "bf16_cpu_seconds")),
            *(f"{one[key]:.1%}" for key in ("fp32_same_answers", "bf16_same_answers")),
            f"{one['fp32_largest_gap']:.1e}",
            f"{one['plain_accuracy']:.2f} / {one['fp32_accuracy']:.2f}",
        )
        for one in lines
    ]
    for name, part in (("all, work", "work"), ("all, whole processes", "processes")):
        ours = [f"{sums[f'{kind}_{part}']:.1f} ({sums[f'{kind}_{part}_ratio']:.1f}x)" for kind in ("fp32", "bf16")]
        cells.append((name, f"{sums[f'plain_{part}']:.1f}", *ours, "", "", "", ""))
    print(table(head, cells))
    print(f"aim: at least {AIM:.0f}x in fp32: {sums['fp32_work_ratio']:.1f}x")


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--train", type=int, default=192, help="training rows")
    parser.add_argument("--dev", type=int, default=32, help="dev rows, looked at after every epoch by both sides")
    parser.add_argument("--test", type=int, default=96, help="test rows")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16, help="examples per optimizer step")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--shots", type=int, default=8)
    parser.add_argument("--model", type=Path, default=None, help="model folder to use instead of a random-weight shape")
    chosen = parser.parse_args()
    alpaca = alpaca_file(chosen.alpaca)
    model = chosen.model.resolve() if chosen.model else have_shape(chosen.shape, alpaca)
    rows = verb_rows(read_rows(alpaca), chosen.train + chosen.dev + chosen.test)
    cut = (chosen.train, chosen.train + chosen.dev)
    parts = {"train": rows[: cut[0]], "dev": rows[cut[0] : cut[1]], "test": rows[cut[1] :]}
    words = {key: vars(chosen)[key] for key in ("epochs", "batch", "shots", "lr")}
    with tempfile.TemporaryDirectory() as folder:
        task = Path(folder) / "task.json"
        task.write_text(json.dumps(parts), encoding="utf-8")
        runs = interleaved(jobs_of(model, task, words), chosen.repeat)
    lines = figures(runs, [row["label"] for row in parts["test"]])
    sums = totals(runs, lines)
    show(lines, sums)
    sizes = {name: len(part) for name, part in parts.items()}
    settings = {"model": model.name, **sizes, **words, "repeat": chosen.repeat}
    write_results(
        f"ladder-{chosen.model.name if chosen.model else chosen.shape}",
        {"settings": settings, "lines": lines, "sums": sums},
        chosen.results,
    )


if __name__ == "__main__":
    main()
