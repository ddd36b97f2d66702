"""A file of rows of any known shape becomes Records: kept rows and listed rows, together as many as the file holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from taskfit.core.errors import SHOWN_FINDINGS, DataError, Finding
from taskfit.core.example import Origin
from taskfit.core.text import Text, did_you_mean
from taskfit.data.cells import Fields
from taskfit.data.columns import Columns
from taskfit.data.listed import FileFacts, ListedRow, placed
from taskfit.data.raw_stream import LARGE, RawFile, Rows, raw_file
from taskfit.data.read_row import read_row
from taskfit.data.record import Record
from taskfit.data.rows import BadRow, RawRow, excerpt_of
from taskfit.data.shape import SAMPLE, Guess, RowShape, guess_shape, shape_named
from taskfit.data.wrong import Wrong

Change = Callable[[Fields], Fields]


@dataclass(frozen=True)
class RecordChunk:
    """Some rows of a file, one after the other: `records` are kept, `listed` are not; `repaired` tells of kept ones."""

    records: tuple[Record, ...]
    listed: tuple[ListedRow, ...]
    repaired: tuple[ListedRow, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows of the file these are."""
        return len(self.records) + len(self.listed)


@dataclass(frozen=True)
class RecordReading:
    """The rows of one file: `records` are kept, `listed` are not; together they are all rows of the file.

    `repaired` tells of records before which something was mended, and what.
    """

    records: tuple[Record, ...]
    listed: tuple[ListedRow, ...]
    facts: FileFacts
    repaired: tuple[ListedRow, ...] = ()


@dataclass(frozen=True)
class Way:
    """How a file is read, where that is not as usual.

    `format` is the file format, `change` may change the fields of a row before it is read, a piece has at most `rows`
    rows. JSONL, CSV and TSV files larger than `large` bytes are never in memory as a whole.
    """

    format: str | None = None
    change: Change | None = None
    rows: int = 5000
    large: int = LARGE


USUAL = Way()


class RecordStream:
    """The rows of one file in pieces, to be gone through once; `facts` are whole when the last piece is out."""

    def __init__(self, file: RawFile, shape: str, guess: Guess | None, reader: "_Reader", pieces: Iterator[Rows]):
        self.shape = shape
        self.guess = guess
        self._file = file
        self._reader = reader
        self._pieces = pieces
        self._rows = 0
        self._columns: dict[str, None] = {}

    def __iter__(self) -> Iterator[RecordChunk]:
        for piece in self._pieces:
            for row in piece:
                if isinstance(row, RawRow):
                    self._columns.update(dict.fromkeys(row.fields))
            chunk = self._reader.chunk(piece)
            self._rows += chunk.rows
            yield chunk

    @property
    def known_rows(self) -> int:
        """How many rows the file has; 0 where that is only known at its end."""
        return self._file.rows

    @property
    def facts(self) -> FileFacts:
        """What is known of the file; rows and columns of what was read so far."""
        file, told = self._file, self.guess.told if self.guess else None
        columns = tuple(self._columns)
        return FileFacts(
            file.name, file.format, file.encoding, self._rows, file.sha256, columns, Columns(), self.shape, told
        )


def stream_records(
    path: Path | str,
    shape: str | None = None,
    map: Mapping[str, str] | None = None,
    encoding: str | None = None,
    *,
    way: Way = USUAL,
) -> RecordStream:
    """Open a file of rows of any size; its pieces come one after the other.

    `shape` is the row format (left out, it is recognised by a thousand rows), `map` gives fields new names
    ({new: old}). Raises DataError when the file cannot be read or its shape is not clear.
    """
    file = raw_file(Path(path), encoding=encoding, format=way.format, rows=way.rows, large=way.large)
    pieces = iter(file.pieces)
    first: Rows = next(pieces, ())
    fields = [row.fields for row in first if isinstance(row, RawRow)]
    if not fields:
        raise _nothing_left(file.name, [_broken(file.name, row) for row in first if isinstance(row, BadRow)])
    names = dict(map or {})
    _check_map(names, fields, file.name)
    guess = None
    if shape is None:
        sample = [_changed(one, names, way.change) for one in fields[:SAMPLE]]
        columns = tuple(dict.fromkeys(name for one in sample for name in one))
        guess = guess_shape(sample, where=file.name, columns=columns)
    name = shape or (guess.name if guess else "")
    reader = _Reader(file.name, shape_named(name), names, way.change)
    return RecordStream(file, name, guess, reader, chain([first], pieces))


def read_records(
    path: Path | str,
    shape: str | None = None,
    map: Mapping[str, str] | None = None,
    encoding: str | None = None,
    *,
    way: Way = USUAL,
) -> RecordReading:
    """Read a file of rows of any known shape into Records; see `stream_records`.

    Raises DataError when no row of it can be used.
    """
    stream = stream_records(path, shape, map, encoding, way=way)
    records: list[Record] = []
    listed: list[ListedRow] = []
    repaired: list[ListedRow] = []
    for chunk in stream:
        records += chunk.records
        listed += chunk.listed
        repaired += chunk.repaired
    if not records:
        raise _nothing_left(str(path), listed)
    assert len(records) + len(listed) == stream.facts.rows
    return RecordReading(tuple(records), tuple(listed), stream.facts, tuple(repaired))


class _Reader:
    """Reads rows one after the other; ids that occur again get the place of the row behind them."""

    def __init__(self, name: str, shape: RowShape, names: Mapping[str, str], change: Change | None):
        self.name = name
        self.shape = shape
        self.names = names
        self.change = change
        self._ids: set[int] = set()
        self._last: tuple[int, int] = (0, 1)

    def chunk(self, rows: Rows) -> RecordChunk:
        """Return the rows as records, or listed with the reason."""
        records: list[Record] = []
        listed: list[ListedRow] = []
        repaired: list[ListedRow] = []
        for row, origin in self._placed(rows):
            if isinstance(row, BadRow):
                listed.append(_broken(self.name, row, origin.row))
                continue
            try:
                record, told = self._record(row, origin)
            except Wrong as wrong:
                listed.append(ListedRow(self.name, row.line, wrong.reason, _shown(row.fields), row=origin.row))
                continue
            records.append(record)
            repaired += [
                ListedRow(self.name, row.line, one, _shown(row.fields), "repaired", origin.row) for one in told[:1]
            ]
        return RecordChunk(tuple(records), tuple(listed), tuple(repaired))

    def _placed(self, rows: Rows) -> Iterator[tuple[RawRow | BadRow, Origin]]:
        line, before = self._last
        for row, origin in placed(self.name, rows):
            number = origin.row or 1
            if row.line == line:  # goes on with the line that the piece before ended in
                number += before
            self._last = (row.line, number)
            yield row, Origin(self.name, row.line, number if number > 1 else None)

    def _record(self, row: RawRow, origin: Origin) -> tuple[Record, tuple[Text, ...]]:
        found = read_row(self.shape, _changed(row.fields, self.names, self.change), origin)
        return self._unique(found.record), found.mended

    def _unique(self, record: Record) -> Record:
        if not record.owns_id:
            return record
        mark = hash(record.id)
        if mark in self._ids:
            return replace(record, id=f"{record.id}@{record.origin}")
        self._ids.add(mark)
        return record


def _changed(fields: Fields, names: Mapping[str, str], change: Change | None) -> Fields:
    """Return the fields of a row under their new names."""
    named = _renamed(fields, names) if names else fields
    return change(named) if change is not None else named


def _renamed(fields: Fields, names: Mapping[str, str]) -> Fields:
    old = {name: new for new, name in names.items()}
    found = {old.get(name, name): value for name, value in fields.items() if name in old or name not in names}
    hidden = {f"{name}_": value for name, value in fields.items() if name not in old and name in names}
    return {**found, **hidden}


def _check_map(names: Mapping[str, str], rows: Sequence[Fields], where: str) -> None:
    known = dict.fromkeys(name for one in rows for name in one)
    wrong = [
        Finding(
            where,
            Text(f"there is no field '{old}' to be named '{new}'", f"没有可改名为 '{new}' 的字段 '{old}'"),
            did_you_mean(old, known) or Text(f"fields: {', '.join(known)}", f"现有字段：{'、'.join(known)}"),
        )
        for new, old in names.items()
        if old not in known
    ]
    if wrong:
        raise DataError(wrong)


def _shown(fields: Fields) -> str:
    return excerpt_of(next((value for value in fields.values() if isinstance(value, str) and value.strip()), ""))


def _broken(name: str, row: BadRow, number: int | None = None) -> ListedRow:
    return ListedRow(name, row.line, row.reason, row.excerpt, "broken", number)


def _nothing_left(name: str, rows: Sequence[ListedRow]) -> DataError:
    head = Finding(name, Text(f"none of the {len(rows)} rows can be used", f"{len(rows)} 行中没有一行可用"))
    return DataError([head, *(row.finding for row in rows[: SHOWN_FINDINGS - 1])])
