"""A sample of what rows ask and answer, for checks of the whole: all rows of a small set, the same ones of a large one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from taskfit.core.example import Origin
from taskfit.data.checking import Chunk
from taskfit.data.finding import Spot, excerpt
from taskfit.data.normal import Keys, keys_of
from taskfit.data.record import Record

MOST_ROWS = 10_000
MOST_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class AskedRow:
    """One row of the sample: where it stands, what it asks and answers (a label is no answer), cut when long."""

    origin: Origin
    id: str
    asked: str
    answered: str

    @property
    def spot(self) -> Spot:
        """The row as it is shown."""
        return Spot(str(self.origin), excerpt(self.asked), self.id)


@dataclass(frozen=True)
class AskedSample:
    """At most 10,000 rows, those with the smallest hash of their place and id, in the order of the file."""

    keys: Keys
    rows: tuple[AskedRow, ...]

    def __add__(self, after: "AskedSample") -> "AskedSample":
        return _smallest(np.concatenate((self.keys, after.keys)), (*self.rows, *after.rows))

    @cached_property
    def shuffled(self) -> tuple[AskedRow, ...]:
        """The rows in an order that has nothing to do with the file's."""
        order: NDArray[np.int64] = np.argsort(self.keys, kind="stable")
        return tuple(self.rows[place] for place in order.tolist())


def asked_sample(chunk: Chunk) -> AskedSample:
    """Return the sample of a chunk, without plain text and rows that ask nothing; use with `chunk.shared`."""
    some = [
        (record, asked, answered)
        for record, asked, answered in zip(chunk.records, chunk.prompts, chunk.answers, strict=True)
        if asked.strip() and not (record.text is not None and not record.messages)
    ]
    rows = tuple(_row(*one) for one in some)
    return _smallest(keys_of(f"{row.origin}\0{row.id}" for row in rows), rows)


def rows_of(records: Sequence[Record]) -> tuple[AskedRow, ...]:
    """Return the rows of other records (test rows) in the same form."""
    return tuple(_row(one, one.prompt, one.answer) for one in records if one.prompt.strip())


def _row(record: Record, asked: str, answered: str) -> AskedRow:
    told = "" if record.label is not None else answered[:MOST_CHARACTERS]
    return AskedRow(record.origin, record.id, asked[:MOST_CHARACTERS], told)


def _smallest(keys: Keys, rows: tuple[AskedRow, ...]) -> AskedSample:
    if len(rows) <= MOST_ROWS:
        return AskedSample(keys, rows)
    kept = keys <= np.partition(keys, MOST_ROWS - 1)[MOST_ROWS - 1]
    return AskedSample(keys[kept], tuple(rows[place] for place in np.flatnonzero(kept).tolist()))
