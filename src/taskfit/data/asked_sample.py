"""A sample of what rows ask, drawn by hash: the same rows however the file was cut into pieces."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from taskfit.data.checking import Check, Chunk, Means, Whole
from taskfit.data.finding import RowFinding, Spot, spot
from taskfit.data.said import said_in

MOST_ROWS = 4000
MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class AskedRow:
    """One row of the sample: the hash of what it asks, its words, and where it stands."""

    key: int
    text: str
    spot: Spot


Asked = tuple[AskedRow, ...]


def asked_in(chunk: Chunk) -> Asked:
    """Return the sample of a chunk, equal questions once, labelled rows left out; use with `chunk.shared`."""
    said = chunk.shared(said_in)
    rows = [
        AskedRow(key, record.prompt[:MOST_CHARACTERS], spot(record))
        for record, key, labelled in zip(chunk.records, said.asked_keys.tolist(), said.labelled.tolist(), strict=True)
        if not labelled and record.prompt.strip()
    ]
    return _smallest(rows)


class AskedCheck(Check[Asked]):
    """A check of the questions of open tasks: `tell` looks at a sample of at most 4,000 different ones."""

    def map(self, chunk: Chunk, means: Means) -> Asked:  # noqa: ARG002
        """Return the sample."""
        return chunk.shared(asked_in)

    def merge(self, one: Asked, other: Asked) -> Asked:
        """Return the sample of both."""
        return _smallest([*one, *other])

    def finish(self, part: Asked, whole: Whole) -> Iterator[RowFinding]:
        """Yield what is told of the questions."""
        if len(part) > 1:
            yield from self.tell(part, whole)

    @abstractmethod
    def tell(self, rows: Asked, whole: Whole) -> Iterator[RowFinding]:
        """Yield what is found in the sample."""


def _smallest(rows: list[AskedRow]) -> Asked:
    different = list({row.key: row for row in reversed(rows)}.values())[::-1]
    if len(different) <= MOST_ROWS:
        return tuple(different)
    last = sorted(row.key for row in different)[MOST_ROWS - 1]
    return tuple(row for row in different if row.key <= last)
