"""What the doctor finds of faults whose truth is known: counted ones in public sets, and planted ones.

Real truth: copies and conflicts of Waimai, test rows of Banking77 in its train file, comments on which GPT-4 and people differ
(Jigsaw), revisions of Chinese laws. Planted: 5 % wrong labels in TREC, copies, leaks. Seconds are processor seconds.
"""

import csv
import random
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from common import parser_of, table, write_results
from near_rows import grams_of, jaccard, shared_data

from taskfit.core.example import Example, Origin, example_of
from taskfit.data.check import checks_of
from taskfit.data.checking import Chunk, Means
from taskfit.data.doctor.label_errors import Suspicion, suspicion_of
from taskfit.data.examine import chunks_of, conclude, examine
from taskfit.data.finding import RowFinding
from taskfit.data.labelled_sample import sample_of
from taskfit.data.normal import normal
from taskfit.data.read import read_rows
from taskfit.data.record import Record, record_of

Line = tuple[str, str, str]
"""What was known to be there, what was found, and in how many processor seconds."""


def found_in(rows: list[Record], name: str, means: Means | None = None) -> dict[str, RowFinding]:
    checks = checks_of(only=[name])
    return {
        one.id: one for one in conclude(examine(chunks_of(rows), checks, means or Means()), checks, means or Means())
    }


def records(file: Path, encoding: str | None = None) -> list[Record]:
    return [record_of(one) for one in read_rows(file, encoding=encoding).examples]


def rows_of(texts: list[str], labels: list[str]) -> list[Record]:
    return [
        record_of(example_of(text, label, number=n))
        for n, (text, label) in enumerate(zip(texts, labels, strict=True), 1)
    ]


def places(suspicion: Suspicion, count: int) -> set[int]:
    return {int(one.row.place.split(":")[1]) - 1 for one in suspicion.queue[:count]}


def waimai(data: Path) -> Iterator[tuple[str, str]]:
    rows = records(data / "waimai_10k" / "waimai_10k.csv")
    copies, conflicts = found_in(rows, "copies")["exact_copies"], found_in(rows, "conflicts")["conflicts"]
    asked = copies.what.en.split("(")[1].split(" ")[0]
    yield "Waimai: 70 rows repeat a text", f"{asked} ({copies.count} of them with the same label)"
    yield "Waimai: 19 texts with both labels", str(conflicts.count)


def banking(data: Path) -> Iterator[tuple[str, str]]:
    train, test = (records(data / "banking77" / f"{name}.csv") for name in ("train", "test"))
    found = found_in(train, "leaked_test", Means(test=test))
    yield (
        "Banking77: 29 test rows in train",
        f"{found['leaked_rows'].count} (and {found['nearly_leaked_rows'].count} nearly)",
    )


def jigsaw(data: Path) -> Iterator[tuple[str, str]]:
    file = next((data / "jigsaw_llm_labels").rglob("*with_labels.parsed.csv"))
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    texts = [row["comment_text"] for row in rows]
    sides = {
        "GPT-4": [str(row["is_bad_gpt"] in ("1", "True")) for row in rows],
        "people": [row["is_bad"] for row in rows],
    }
    differ = {place for place, (one, other) in enumerate(zip(*sides.values(), strict=True)) if one != other}
    for who, labels in sides.items():
        first = places(suspicion_of(sample_of(Chunk(rows_of(texts, labels)))), len(rows) // 10)
        what = f"Jigsaw: {len(differ)} comments on which GPT-4 and people differ, labels of {who}"
        yield what, f"{len(first & differ) / len(differ):.0%} in the first 10 % of the queue"


def laws(data: Path) -> Iterator[tuple[str, str]]:
    files = sorted((data / "laws_zh").rglob("*.md"))
    rows = [Record(file.name, Origin(str(file), 1), text=file.read_text(encoding="utf-8")) for file in files]
    pairs = [(one, other) for one, other in pairwise(rows) if one.id.split("(")[0] == other.id.split("(")[0]]
    near = [
        (one.id, other.id)
        for one, other in pairs
        if jaccard(grams_of(normal(one.text or "")), grams_of(normal(other.text or ""))) >= 0.8
    ]
    shown = {one.id for one in found_in(rows, "copies")["near_copies"].examples}
    hit = sum(one in shown and other in shown for one, other in near)
    yield (
        f"Laws: {len(near)} revisions at least 0.8 similar (of {len(pairs)})",
        f"{hit} (of laws 512 grams are compared)",
    )


def trec(data: Path) -> Iterator[tuple[str, str]]:
    examples: tuple[Example, ...] = read_rows(data / "trec" / "TREC.train.all", encoding="latin-1").examples
    names = sorted({str(one.target) for one in examples})
    for seed in range(3):
        draw = np.random.default_rng(seed)
        flipped = set(draw.choice(len(examples), len(examples) // 20, replace=False).tolist())
        labels = [str(one.target) for one in examples]
        for place in flipped:
            labels[place] = names[(names.index(labels[place]) + int(draw.integers(1, len(names)))) % len(names)]
        found = suspicion_of(sample_of(Chunk(rows_of([one.text for one in examples], labels))))
        chosen = places(found, found.wrong)
        hit = len(chosen & flipped)
        told = (
            f"recall {hit / len(flipped):.2f} at precision {hit / len(chosen):.2f}; estimated noise {found.noise:.1%}"
        )
        yield f"TREC: {len(flipped)} labels (5 %) flipped, seed {seed}", told


def planted(data: Path) -> Iterator[tuple[str, str]]:
    draw = random.Random(1)
    for name, texts in {
        "Banking77": [row.prompt for row in records(data / "banking77" / "test.csv")],
        "Waimai": [row.prompt for row in records(data / "waimai_10k" / "waimai_10k.csv")],
    }.items():
        base = list({normal(text): text for text in texts if len(normal(text)) >= 24}.values())
        known, other = set(range(0, len(base), 2)), set(range(1, len(base), 2))
        origins = [base[place] for place in draw.sample(sorted(known), 150)]
        edited = [(text, f"{text[:2]}x{text[3:]}") for text in origins]
        near = [other for text, other in edited if jaccard(grams_of(normal(text)), grams_of(normal(other))) >= 0.8]
        exact = [f" {base[place].upper()} !" for place in draw.sample(sorted(known), 100)]
        test = rows_of([base[place] for place in sorted(known)], ["x"] * len(known))
        train = rows_of(
            [*(base[place] for place in sorted(other)), *near, *exact], ["x"] * (len(other) + len(near) + 100)
        )
        found = found_in(train, "leaked_test", Means(test=test))
        whole, nearly = (
            _test_rows(found[key]) if key in found else set() for key in ("leaked_rows", "nearly_leaked_rows")
        )
        number = {normal(row.prompt): row.origin.line for row in test}
        told_whole = sum(number[normal(text)] in whole for text in exact)
        told_near = sum(number[normal(text)] in whole | nearly for text, other in edited if other in near)
        told = f"{told_whole} whole, {told_near} edited"
        yield f"{name}: 100 whole and {len(near)} edited test rows planted in train", told


def _test_rows(finding: RowFinding) -> set[int]:
    """Return the numbers of the test rows that a finding names."""
    return {int(one.excerpt.rsplit(":", 1)[1]) for one in finding.examples}


def main() -> None:
    chosen = parser_of(__doc__).parse_args()
    data, lines = shared_data(), []
    looks: tuple[Callable[[Path], Iterator[tuple[str, str]]], ...] = (waimai, banking, jigsaw, laws, trec, planted)
    for look in looks:
        began = time.process_time()
        some = list(look(data))
        seconds = time.process_time() - began
        lines += [(what, told, f"{seconds / len(some):.1f}") for what, told in some]
    print(table(("truth", "found", "CPU s"), lines))
    write_results("found", {"lines": lines}, chosen.results)


if __name__ == "__main__":
    main()
