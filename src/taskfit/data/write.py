"""Rows become a file: JSONL, JSON, CSV, TSV or Parquet by its ending; UTF-8, the order kept, whole or absent."""

import csv
import hashlib
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from taskfit.core.errors import UsageError
from taskfit.core.files import cannot_write, sync_folder
from taskfit.core.text import Text, same
from taskfit.data.json_text import written_json
from taskfit.data.rows import Written
from taskfit.data.wrong import Wrong

SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
DELIMITERS = {".csv": ",", ".tsv": "\t"}

Fields = Mapping[str, object]


class RowWriter(ABC):
    """Writes rows into a file that appears under its name only when all is written; `sha256` is known then.

    >>> with row_writer(Path("rows.jsonl")) as rows:  # doctest: +SKIP
    ...     rows.write(rows.cells({"text": "snow"}))
    """

    def __init__(self, path: Path):
        self.path = path
        self.sha256 = ""
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._temporary.open("wb")
        except OSError as problem:
            raise cannot_write(self.path, problem) from problem
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        try:
            if problem is None:
                self.finish()
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                os.replace(self._temporary, self.path)
                sync_folder(self.path.parent)
                self.sha256 = self._digest.hexdigest()
        except OSError as trouble:
            raise cannot_write(self.path, trouble) from trouble
        finally:
            self._file.close()
            with suppress(OSError):
                self._temporary.unlink(missing_ok=True)

    def cells(self, fields: Fields) -> Fields:
        """Return the fields as the file will hold them; raise Wrong when it cannot."""
        text = written_json(fields)
        if not text.isascii():
            _encoded(text)
        return fields

    @abstractmethod
    def write(self, cells: Fields) -> None:
        """Write one row, whose fields are those that `cells` returned."""

    def finish(self) -> None:  # noqa: B027  (most have nothing to say there)
        """Write what comes behind the last row."""

    def put(self, content: bytes) -> None:
        """Put bytes into the file."""
        assert self._file is not None
        try:
            self._file.write(content)
        except OSError as problem:
            raise cannot_write(self.path, problem) from problem
        self._digest.update(content)


class JsonLines(RowWriter):
    """One object a line."""

    def write(self, cells: Fields) -> None:
        """Write one row."""
        self.put(_encoded(written_json(cells)) + b"\n")


class JsonList(RowWriter):
    """One list of objects, each in a line of its own."""

    def __init__(self, path: Path):
        super().__init__(path)
        self._rows = 0

    def write(self, cells: Fields) -> None:
        """Write one row."""
        self.put((b",\n" if self._rows else b"[\n") + _encoded(written_json(cells)))
        self._rows += 1

    def finish(self) -> None:
        """Close the list."""
        self.put(b"\n]\n" if self._rows else b"[]\n")


class Delimited(RowWriter):
    """CSV or TSV with a header; what is more than a text is JSON in its cell. All rows are in memory until the end."""

    def __init__(self, path: Path):
        super().__init__(path)
        self._delimiter = DELIMITERS[path.suffix.lower()]
        self._kept: list[Fields] = []
        self._columns: dict[str, None] = {}

    def cells(self, fields: Fields) -> Fields:
        """Return the fields as texts; a line end is always LF."""
        told = {name: _cell(value) for name, value in fields.items()}
        for name, text in told.items():
            if "\0" in text or "\0" in name:
                raise Wrong(
                    Text(f"'{name}' holds a NUL character, which no CSV can", f"'{name}' 含有 NUL 字符，CSV 无法容纳")
                )
            _encoded(text)
            _encoded(name)
        return told

    def write(self, cells: Fields) -> None:
        """Take one row."""
        self._kept.append(cells)
        self._columns.update(dict.fromkeys(cells))

    def finish(self) -> None:
        """Write the header and all rows."""
        names = list(self._columns)
        out = io.StringIO()
        lines = csv.writer(out, delimiter=self._delimiter, lineterminator="\n")
        lines.writerow(names)
        for row in self._kept:
            lines.writerow([row.get(name, "") for name in names])
            if out.tell() > 1_000_000:
                self._flush(out)
        self._flush(out)

    def _flush(self, out: io.StringIO) -> None:
        self.put(out.getvalue().encode())
        out.seek(0)
        out.truncate()


class Parquet(RowWriter):
    """Parquet; texts, numbers and truth values are columns of their kind, lists and objects are JSON texts."""

    def __init__(self, path: Path):
        super().__init__(path)
        self._kept: list[Fields] = []
        self._columns: dict[str, None] = {}

    def write(self, cells: Fields) -> None:
        """Take one row."""
        self._kept.append(cells)
        self._columns.update(dict.fromkeys(cells))

    def finish(self) -> None:
        """Write all rows."""
        import pyarrow
        from pyarrow import parquet

        columns = {name: pyarrow.array(*_column([row.get(name) for row in self._kept])) for name in self._columns}
        out = io.BytesIO()
        parquet.write_table(pyarrow.table(columns), out)
        self.put(out.getvalue())


WRITERS: Mapping[str, type[RowWriter]] = {
    ".jsonl": JsonLines,
    ".json": JsonList,
    ".csv": Delimited,
    ".tsv": Delimited,
    ".parquet": Parquet,
}


def row_writer(path: Path) -> RowWriter:
    """Return what writes rows into `path`, by its ending; raise UsageError for another one."""
    kind = WRITERS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(
            Text(f"'{path.suffix}' is no ending that rows are written with", f"无法写出 '{path.suffix}' 格式的文件"),
            where=str(path),
            todo=same(" | ".join(SUFFIXES)),
        )
    return kind(path)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as problem:
        shown = text[max(0, problem.start - 10) : problem.start].encode("utf-8", "replace").decode()
        raise Wrong(
            Text(
                f"half a character (a lone surrogate) behind '{shown}', which no UTF-8 file can hold",
                f"'{shown}' 之后有半个字符（孤立代理项），UTF-8 文件无法容纳",
            )
        ) from None


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value).replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(value, bool):
        return "true" if value else "false"
    return written_json(value)


def _column(values: list[object]) -> tuple[list[object], object]:
    """Return the values of a column and their type, so that none of them changes."""
    import pyarrow

    some = [value for value in values if value is not None]
    if some and all(isinstance(value, bool) for value in some):
        return values, pyarrow.bool_()
    if some and all(isinstance(value, Written) and str(value) == str(_int(value)) for value in some):
        return [None if value is None else _int(value) for value in values], pyarrow.int64()
    texts = [value if value is None or isinstance(value, str) else written_json(value) for value in values]
    return [None if text is None else str(text) for text in texts], pyarrow.string()


def _int(value: object) -> int | None:
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if abs(number) < 1 << 62 else None
