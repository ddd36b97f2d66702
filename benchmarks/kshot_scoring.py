"""Exact k-shot scoring of closed labels: taskfit against lm-evaluation-harness-style requests.

Eight shots and five labels of several tokens each. taskfit runs the shared shots once, each question once and the labels as a
tree; a harness runs the whole prompt again for every (question, label) pair, padded. Both give the log-probability of every
label; the table shows the processor time per question, and how far the log-probabilities differ. lm-evaluation-harness itself is
run too where it is installed (benchmarks/peers/setup.py lm-eval).
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from common import HERE, Job, Run, have_peer, interleaved, median, parser_of, peer_python, spread, table, write_results
from material import alpaca_file, have_shape, read_rows
from verbs import LABELS, verb_rows

ORACLE = "padded requests, transformers fp32"
AIM_RATIO, AIM_GAP = 25.0, 1e-4


def jobs_of(model: Path, task: Path, batch: int) -> list[Job]:
    """Return the ways to score, the oracle first."""
    worker = HERE / "workers" / "kshot.py"
    fixed = ("--model", str(model), "--task", str(task), "--batch", str(batch))
    jobs = [
        Job(ORACLE, worker, (*fixed, "--side", "requests")),
        Job("taskfit fp32", worker, (*fixed, "--side", "taskfit")),
        Job("taskfit bf16", worker, (*fixed, "--side", "taskfit", "--dtype", "bfloat16")),
    ]
    if have_peer("lm-eval"):
        jobs.append(Job("lm-evaluation-harness fp32", worker, (*fixed, "--side", "lm-eval"), peer_python("lm-eval")))
    return jobs


def seconds_per_query(run: Run) -> float:
    """Return the processor seconds per question, without loading the model."""
    return float(run.facts["cpu"]["score"]) / int(run.facts["queries"])


def largest_gap(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> float:
    """Return the largest difference between two tables of log-probabilities."""
    return max(abs(a - b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True))


def same_answers(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> float:
    """Return the share of questions whose best label is the same."""
    pairs = list(zip(one, other, strict=True))
    return sum(x.index(max(x)) == y.index(max(y)) for x, y in ((list(a), list(b)) for a, b in pairs)) / len(pairs)


def figures(runs: dict[str, list[Run]]) -> list[dict[str, object]]:
    """Return one line of figures per way."""
    base = median(runs[ORACLE], seconds_per_query)
    oracle = runs[ORACLE][0].facts["values"]
    lines: list[dict[str, object]] = []
    for name, done in runs.items():
        values = done[0].facts["values"]
        middle = median(done, seconds_per_query)
        lines.append(
            {
                "way": name,
                "cpu_ms_per_query": round(1000 * middle, 2),
                "range": spread(done, lambda run: 1000 * seconds_per_query(run), 1),
                "ratio": round(base / middle, 1),
                "same_answer": same_answers(values, oracle),
                "largest_gap": largest_gap(values, oracle),
            }
        )
    return lines


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--queries", type=int, default=96, help="questions to score")
    parser.add_argument("--shots", type=int, default=8, help="examples shown")
    parser.add_argument("--batch", type=int, default=16, help="requests per batch of the padded ways")
    parser.add_argument("--model", type=Path, default=None, help="model folder to use instead of a random-weight shape")
    chosen = parser.parse_args()
    alpaca = alpaca_file(chosen.alpaca)
    model = chosen.model.resolve() if chosen.model else have_shape(chosen.shape, alpaca)
    rows = verb_rows(read_rows(alpaca), chosen.shots + chosen.queries)
    with tempfile.TemporaryDirectory() as folder:
        task = Path(folder) / "task.json"
        task.write_text(json_of(rows[: chosen.shots], rows[chosen.shots :]), encoding="utf-8")
        runs = interleaved(jobs_of(model, task, chosen.batch), chosen.repeat)
    lines = figures(runs)
    head = ("way", "CPU ms per question", "times faster", "same answer", "largest |Δ log p|")
    cells = [
        (one["way"], one["range"], f"{one['ratio']}x", f"{one['same_answer']:.1%}", f"{one['largest_gap']:.1e}")
        for one in lines
    ]
    print(table(head, cells))
    ours = next(one for one in lines if one["way"] == "taskfit fp32")
    print(f"aim: at least {AIM_RATIO:.0f}x and below {AIM_GAP}: {ours['ratio']}x, {ours['largest_gap']:.1e}")
    asked = {
        "model": model.name,
        "queries": chosen.queries,
        "shots": chosen.shots,
        "labels": list(LABELS),
        "batch": chosen.batch,
    }
    write_results(
        f"kshot_scoring-{chosen.model.name if chosen.model else chosen.shape}",
        {"settings": asked | {"repeat": chosen.repeat}, "lines": lines},
        chosen.results,
    )


def json_of(shots: Sequence[object], queries: Sequence[object]) -> str:
    """Return the task file's text."""
    import json

    return json.dumps({"shots": shots, "queries": queries})


if __name__ == "__main__":
    main()
