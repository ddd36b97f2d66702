"""Near copies among a million short rows: taskfit, beside datasketch and rensa where they are installed.

The rows are made from real ones (heads and tails of Banking77, SST, TREC, Waimai, THUCNews joined anew), 5 % of them planted
copies with one or two characters changed. Recall is counted after verification: of the planted pairs whose exact Jaccard
similarity is at least 0.8, and of all such pairs that comparing each with each finds in a sample. The peers run on a tenth of the
rows, as does taskfit beside them; all prove their candidates on the sets of grams. Peak memory includes the texts themselves.
Peers: python benchmarks/peers/setup.py near.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common import HERE, Job, Run, have_peer, interleaved, median, parser_of, peer_python, spread, table, write_results
from near_rows import write_rows

AIM_SECONDS, AIM_RECALL = 60.0, 0.97
WORKER = HERE / "workers" / "near.py"


def job(name: str, rows: Path, way: str) -> Job:
    """Return one measured run."""
    words = ("--rows", str(rows), "--way", way, "--judge")
    return Job(name, WORKER, words) if way == "taskfit" else Job(name, WORKER, words, peer_python("near"))


def share(counts: list[int]) -> float:
    """Return found over wanted."""
    return counts[1] / counts[0] if counts[0] else 1.0


def figures(name: str, runs: list[Run]) -> dict[str, object]:
    """Return one line of figures."""
    facts: Mapping[str, Any] = runs[0].facts
    return {
        "name": name,
        "rows": facts["rows"],
        "wall": median(runs, lambda run: float(run.facts["wall"])),
        "wall_spread": spread(runs, lambda run: float(run.facts["wall"]), 1),
        "cpu": median(runs, lambda run: float(run.facts["cpu"])),
        "peak": median(runs, lambda run: float(run.facts["peak"])),
        "recall_en": share(facts["planted"]["en"]),
        "recall_zh": share(facts["planted"]["zh"]),
        "recall_brute": share(facts["brute"]),
        "pairs": [facts["planted"]["en"][0], facts["planted"]["zh"][0], facts["brute"][0]],
    }


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as desk:
        many, some = Path(desk, "many.jsonl"), Path(desk, "some.jsonl")
        write_rows(many, chosen.rows, seed=1)
        write_rows(some, chosen.rows // 10, seed=2)
        jobs = [job("taskfit, all rows", many, "taskfit"), job("taskfit, a tenth", some, "taskfit")]
        if have_peer("near"):
            jobs += [job("datasketch, a tenth", some, "datasketch"), job("rensa, a tenth", some, "rensa")]
        lines = [figures(name, runs) for name, runs in interleaved(jobs, chosen.repeat).items()]
    base = next(float(str(line["cpu"])) for line in lines if line["name"] == "taskfit, a tenth")
    cells = [
        (line["name"], f"{line['rows']:,}", line["wall_spread"], f"{line['cpu']:.1f}", f"{line['peak'] / 1e6:,.0f}",
         f"{line['recall_en']:.4f}", f"{line['recall_zh']:.4f}", f"{line['recall_brute']:.4f}",
         f"{line['cpu'] / base:.1f}" if line["rows"] != chosen.rows else "")
        for line in lines
    ]  # fmt: skip
    head = (
        "way",
        "rows",
        "seconds",
        "CPU s",
        "peak MB",
        "recall en",
        "recall zh",
        "recall, all pairs of a sample",
        "CPU ratio",
    )
    print(table(head, cells))
    first = lines[0]
    least = min(float(str(first[key])) for key in ("recall_en", "recall_zh", "recall_brute"))
    print(
        f"{first['wall']:.0f} s (aim: {AIM_SECONDS:.0f}), recall {least:.4f} (aim: {AIM_RECALL}), pairs {first['pairs']}"
    )
    write_results(
        "duplicates", {"lines": lines, "aims": {"seconds": AIM_SECONDS, "recall": AIM_RECALL}}, chosen.results
    )


if __name__ == "__main__":
    main()
