"""The same text with different labels: no model can be right on all of them."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from taskfit.core.example import Example
from taskfit.core.text import Text
from taskfit.data.asked import key_of_record
from taskfit.data.checking import Check, Chunk, Means, Whole, by_share, percent, threshold
from taskfit.data.duplicates import key_of
from taskfit.data.finding import REVIEW, SHOWN, RowFinding, Spot, spot
from taskfit.data.label_tally import LabelTally, label_tally


@dataclass(frozen=True)
class Conflicting:
    """Texts that stand with more than one label; `wrong` rows are those that any answer per text must miss."""

    texts: int
    rows: tuple[Example, ...]
    wrong: int


def conflicts_in(examples: Sequence[Example]) -> Conflicting:
    """Return the conflicts among the rows, by exact duplicates."""
    alike: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        alike[key_of(example)].append(example)
    torn = [same for same in alike.values() if len({example.target for example in same}) > 1]
    wrong = sum(len(same) - max(Counter(example.target for example in same).values()) for same in torn)
    return Conflicting(len(torn), tuple(example for same in torn for example in same), wrong)


@dataclass(frozen=True)
class Asked:
    """The labels of each text (by a hash of it), where its rows stand, and how often each label occurs."""

    tally: LabelTally = field(default_factory=LabelTally)
    labels: Mapping[bytes, Mapping[str, int]] = field(default_factory=dict)
    spots: Mapping[bytes, tuple[Spot, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Conflicts(Check[Asked]):
    """Exact duplicates with different labels."""

    title: ClassVar[Text] = Text("one text, different labels", "同一文本、不同标签")
    runs = "always"
    most: float = threshold(
        0.01, "share of rows that must be wrong above which this blocks", "必然答错的行超过此比例时阻止训练"
    )

    def map(self, chunk: Chunk, means: Means) -> Asked:  # noqa: ARG002
        """Return the labels of each text of the chunk; nothing where answers are free texts."""
        tally = chunk.shared(label_tally)
        if tally.given_up:
            return Asked(tally)
        labels: dict[bytes, dict[str, int]] = {}
        spots: dict[bytes, tuple[Spot, ...]] = {}
        for key, record, label in zip(chunk.shared(keys), chunk.records, chunk.answers, strict=True):
            counts = labels.setdefault(key, {})
            counts[label] = counts.get(label, 0) + 1
            spots[key] = (*spots.get(key, ()), spot(record, f"{label}: {record.prompt}"))[:SHOWN]
        return Asked(tally, labels, spots)

    def merge(self, one: Asked, other: Asked) -> Asked:
        """Return the labels of the texts of both."""
        tally = one.tally + other.tally
        if tally.given_up:
            return Asked(tally)
        labels, spots = dict(one.labels), dict(one.spots)
        for key, counts in other.labels.items():
            labels[key] = Counter(labels.get(key, {})) + Counter(counts) if key in labels else counts
            spots[key] = (*spots.get(key, ()), *other.spots[key])[:SHOWN]
        return Asked(tally, labels, spots)

    def finish(self, part: Asked, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield a finding with the bound 1 - sum(most frequent label per text) / rows on the accuracy that is possible."""
        torn = {key: counts for key, counts in part.labels.items() if len(counts) > 1}
        if not torn or not part.tally.is_closed:
            return
        rows = sum(sum(counts.values()) for counts in torn.values())
        share = (rows - sum(max(counts.values()) for counts in torn.values())) / part.tally.total
        what = Text(
            f"{len(torn)} texts stand with different labels ({rows} rows); "
            f"at least {share:.2%} of the rows cannot be right",
            f"{len(torn)} 个文本带有不同的标签（共 {rows} 行）；至少 {share:.2%} 的行不可能答对",
        )
        rule = Text(
            f"equal texts (case, width, marks and spaces aside) with different labels; above {percent(self.most)} of "
            "rows that must be wrong it blocks",
            f"文本相同（忽略大小写、全半角、标点与空格）而标签不同；必然答错的行超过 {percent(self.most)} 时阻止训练",
        )
        yield RowFinding(
            "conflicts",
            by_share(share, block=self.most),
            what,
            len(torn),
            tuple(one for key in torn for one in part.spots[key])[:SHOWN],
            rule=rule,
            fix={"majority_label": {}},
            effort=REVIEW,
            rows=rows,
        )


def keys(chunk: Chunk) -> list[bytes]:
    """Return a hash of what each row asks; use with `chunk.shared`."""
    return [
        hashlib.blake2b(key_of_record(record).encode("utf-8", "surrogatepass"), digest_size=12).digest()
        for record in chunk.records
    ]
