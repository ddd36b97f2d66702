"""A sample of labelled rows that many checks of labels look at: all rows of a small set, the same ones of a large one."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from taskfit.data.checking import Check, Chunk, Means, Whole
from taskfit.data.finding import RowFinding, Spot
from taskfit.data.label_tally import LabelTally, label_of, label_tally
from taskfit.data.normal import keys_of

MOST_ROWS = 20_000
MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class LabelledRow:
    """One row of the sample."""

    key: int
    place: str
    id: str
    text: str
    label: str
    split: str = ""

    def spot(self, words: str | None = None) -> Spot:
        """Return the row as it is shown."""
        return Spot(self.place, (self.text if words is None else words)[:120].replace("\n", " "), self.id)


@dataclass(frozen=True)
class Sample:
    """At most 20,000 rows, those with the smallest hash of their id, in the order of the file; none of open answers."""

    tally: LabelTally
    rows: tuple[LabelledRow, ...] = ()

    def __add__(self, after: "Sample") -> "Sample":
        tally = self.tally + after.tally
        if tally.given_up:
            return Sample(tally)
        return Sample(tally, _smallest((*self.rows, *after.rows)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The labels of the sample, sorted."""
        return tuple(sorted({row.label for row in self.rows}))

    @cached_property
    def texts(self) -> list[str]:
        """The texts, in order."""
        return [row.text for row in self.rows]

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """The number of each row's label in `names`."""
        number = {name: place for place, name in enumerate(self.names)}
        return np.array([number[row.label] for row in self.rows], np.int64)


def sample_of(chunk: Chunk) -> Sample:
    """Return the labelled rows of a chunk; use with `chunk.shared`."""
    tally = chunk.shared(label_tally)
    if tally.given_up:
        return Sample(tally)
    pairs = [
        (record, label)
        for record, answer in zip(chunk.records, chunk.answers, strict=True)
        if (label := label_of(record.kind, answer)) is not None
    ]
    keys = keys_of(f"{record.origin}\0{record.id}" for record, _ in pairs).tolist()
    rows = tuple(
        LabelledRow(
            key, str(record.origin), record.id, record.prompt[:MOST_CHARACTERS], label, record.about.get("split", "")
        )
        for key, (record, label) in zip(keys, pairs, strict=True)
    )
    return Sample(tally, _smallest(rows))


class LabelledCheck(Check[Sample]):
    """A check of the labels of a closed set: `tell` looks at the sample when all rows have been seen."""

    def map(self, chunk: Chunk, means: Means) -> Sample:  # noqa: ARG002
        """Return the labelled rows."""
        return chunk.shared(sample_of)

    def merge(self, one: Sample, other: Sample) -> Sample:
        """Return the sample of both."""
        return one + other

    def finish(self, part: Sample, whole: Whole) -> Iterator[RowFinding]:
        """Yield what is told of the labels; nothing when these are no closed set, or only one."""
        if part.tally.is_closed and len(part.names) > 1:
            yield from self.tell(part, whole)

    @abstractmethod
    def tell(self, sample: Sample, whole: Whole) -> Iterator[RowFinding]:
        """Yield what is found in the sample."""


def _smallest(rows: tuple[LabelledRow, ...]) -> tuple[LabelledRow, ...]:
    if len(rows) <= MOST_ROWS:
        return rows
    last = sorted(row.key for row in rows)[MOST_ROWS - 1]
    return tuple(row for row in rows if row.key <= last)
