"""Rows that are not used, each with its place and reason, and what is known of the file they stand in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from taskfit.core.errors import Finding
from taskfit.core.example import Origin
from taskfit.core.text import Text
from taskfit.data.columns import Columns
from taskfit.data.rows import BadRow, RawRow

ListedKind = Literal["broken", "unusable", "left out", "repaired"]


@dataclass(frozen=True)
class ListedRow:
    """A row that is not used, and why.

    broken: it could not be read. unusable: read, but without a text or label. left out: good, but not used
    (for example a training row that stands in the test file). repaired: used, after something was mended.
    Of several rows in one line, `row` tells the later ones.
    """

    file: str
    line: int
    reason: Text
    excerpt: str = ""
    kind: ListedKind = "unusable"
    row: int | None = None

    @property
    def place(self) -> str:
        """Where the row stands."""
        return str(Origin(self.file, self.line, self.row))

    @property
    def finding(self) -> Finding:
        """The row as one line for people."""
        shown = f" [{self.excerpt}]" if self.excerpt else ""
        return Finding(self.place, Text(self.reason.en + shown, self.reason.zh + shown))


@dataclass(frozen=True)
class FileFacts:
    """What is known of a file: format, encoding, rows in it, SHA-256, all its columns and the roles of those used.

    `shape` is the row format, and how sure that is, where the rows were read as Records.
    """

    path: str
    format: str
    encoding: str
    rows: int
    sha256: str
    columns: tuple[str, ...]
    roles: Columns
    shape: str = ""
    shape_told: Text | None = None


def placed(name: str, rows: Iterable[RawRow | BadRow]) -> Iterator[tuple[RawRow | BadRow, Origin]]:
    """Yield rows with their places; of several rows in one line of a JSON file all but the first tell their number."""
    line, number = 0, 1
    for row in rows:
        number = number + 1 if row.line == line else 1
        line = row.line
        yield row, Origin(name, line, number if number > 1 else None)
