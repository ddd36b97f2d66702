"""The labels of rows, counted piece by piece; where answers are free texts the counting stops."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from taskfit.data.checking import Chunk
from taskfit.data.finding import SHOWN, Spot, spot
from taskfit.data.labels import LONGEST_LABEL, MOST_LABELS, is_closed


@dataclass(frozen=True)
class LabelTally:
    """How often each label occurs, and where first; `missing` rows have none. `given_up`: there are too many to be labels."""

    counts: Mapping[str, int] = field(default_factory=dict)
    spots: Mapping[str, tuple[Spot, ...]] = field(default_factory=dict)
    missing: int = 0
    given_up: bool = False

    def __add__(self, after: "LabelTally") -> "LabelTally":
        if self.given_up or after.given_up:
            return LabelTally(given_up=True)
        counts = dict(Counter(self.counts) + Counter(after.counts))
        if len(counts) > MOST_LABELS:
            return LabelTally(given_up=True)
        spots = {name: (*self.spots.get(name, ()), *after.spots.get(name, ()))[:SHOWN] for name in counts}
        return LabelTally(counts, spots, self.missing + after.missing)

    @property
    def total(self) -> int:
        """How many rows have a label."""
        return sum(self.counts.values())

    @property
    def is_closed(self) -> bool:
        """Whether every row has a label and these are few, short and repeated: classes, not free answers."""
        if self.given_up or self.missing or not self.counts:
            return False
        return is_closed([name for name, count in self.counts.items() for _ in range(count)])

    def shown(self, names: Iterable[str]) -> tuple[Spot, ...]:
        """Return the first rows with one of these labels."""
        return tuple(one for name in names for one in self.spots.get(name, ()))[:SHOWN]


def label_tally(chunk: Chunk) -> LabelTally:
    """Return the labels of a chunk; the answer of a conversation counts as its label. Use with `chunk.shared`."""
    labels = [label_of(record.kind, answer) for record, answer in zip(chunk.records, chunk.answers, strict=True)]
    counts = Counter(label for label in labels if label is not None)
    if len(counts) > MOST_LABELS or any(len(label) > LONGEST_LABEL for label in counts):
        return LabelTally(given_up=True)
    spots: dict[str, list[Spot]] = {label: [] for label in counts}
    for label, record in zip(labels, chunk.records, strict=True):
        if label is not None and len(spots[label]) < SHOWN:
            spots[label].append(spot(record))
    return LabelTally(counts, {label: tuple(some) for label, some in spots.items()}, labels.count(None))


def label_of(kind: str, answer: str) -> str | None:
    """Return the label of a row of this kind with this answer; None where it has none."""
    return answer if answer and kind in ("labelled", "talk") else None
