"""The raw rows of a file, piece by piece: JSONL, CSV, TSV and Parquet files of any size in bounded memory."""

import codecs
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.data.delimited import best_delimiter, delimited_rows, head_of
from taskfit.data.encoding import MARKS, not_text
from taskfit.data.json_text import parse_row
from taskfit.data.read import format_named, recognise_format, recognise_plain
from taskfit.data.rows import BadRow, RawRow, Source, Table, load, no_rows, split_lines

LARGE = 64_000_000
BLOCK = 4_000_000
HEAD = 1_000_000
STREAMED = ("jsonl", "csv", "tsv")
DELIMITERS = {"csv": (",", "\t", ";"), "tsv": ("\t", ",", ";")}

Rows = Sequence[RawRow | BadRow]


@dataclass(frozen=True)
class RawFile:
    """What is known of a file before its rows are read, and its rows in pieces (to be gone through once).

    `rows` is how many there are, 0 where that is not known before.
    """

    name: str
    format: str
    encoding: str
    sha256: str
    pieces: Iterator[Rows]
    rows: int = 0


def raw_file(
    path: Path, *, encoding: str | None = None, format: str | None = None, rows: int = 5000, large: int = LARGE
) -> RawFile:
    """Open a file of rows; raise DataError when it cannot be read as a whole.

    Files larger than `large` bytes are read piece by piece where their format allows it and they are UTF-8.
    """
    if path.is_file() and path.stat().st_size > large:
        streamed = _streamed(path, encoding, format, rows)
        if streamed is not None:
            return streamed
    source = load(path, encoding=encoding)
    name = format or recognise_plain(source, None)
    table = format_named(name).read(source)
    if not table.rows:
        raise no_rows(source.name)
    coded = "binary" if name == "parquet" else source.decoded.encoding
    return RawFile(source.name, name, coded, source.sha256, _pieces(table, rows), len(table.rows))


def _pieces(table: Table, rows: int) -> Iterator[Rows]:
    for start in range(0, len(table.rows), rows):
        yield table.rows[start : start + rows]


def _streamed(path: Path, encoding: str | None, format: str | None, rows: int) -> RawFile | None:
    """Return the file to be read piece by piece, or None when it has to be read whole."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not_text(head) is not None or encoding not in (None, "utf-8", "utf-8-sig"):
        return None
    if any(head.startswith(mark) for mark, name in MARKS if name != "utf-8-sig"):
        return None
    name = format or recognise_format(Source(str(path), head[: head.rfind(b"\n") + 1] or head))
    if name not in STREAMED:
        return None
    checked = _checked(path)
    if checked is None:
        return None
    digest, size = checked
    return RawFile(str(path), name, "utf-8", digest, _read(path, name, rows, size))


def _checked(path: Path) -> tuple[str, int] | None:
    """Return the hash and the size of a file that is UTF-8 from start to end without a NUL; None for another."""
    digest, size, decoder = hashlib.sha256(), 0, codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return None
            if b"\0" in block:
                return None
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return digest.hexdigest(), size


def _read(path: Path, name: str, rows: int, size: int) -> Iterator[Rows]:
    seen = 0
    with path.open("rb") as file:
        blocks = _line_blocks(file)
        for piece in _jsonl(blocks) if name == "jsonl" else _delimited(blocks, name, str(path)):
            piece_rows = iter(piece)
            while some := tuple(islice(piece_rows, rows)):
                yield some
        seen = file.tell()
    if seen != size:
        raise DataError(
            Text("the file changes while it is read", "读取过程中文件发生了变化"),
            where=str(path),
            todo=Text("wait until it is complete, or copy it", "请等它写完，或先复制一份"),
        )


def _line_blocks(file: BinaryIO) -> Iterator[tuple[list[str], bool]]:
    """Yield whole lines block by block, and whether the file ends with a line end behind them."""
    rest, first = b"", True
    while block := file.read(BLOCK):
        data = rest + block
        # A CR at the end may be half a line end.
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
        rest, data = data[cut:], data[:cut]
        if data:
            yield split_lines(_text(data, first=first)), True
            first = False
    if rest:
        yield split_lines(_text(rest, first=first)), rest.endswith((b"\n", b"\r"))


def _text(data: bytes, *, first: bool) -> str:
    return data.removeprefix(codecs.BOM_UTF8).decode() if first else data.decode()


def _jsonl(blocks: Iterator[tuple[list[str], bool]]) -> Iterator[Rows]:
    before = 0
    for lines, whole in blocks:
        yield tuple(
            parse_row(line.strip("\ufeff \t"), before + number, last=number == len(lines) and not whole)
            for number, line in enumerate(lines, 1)
            if line.strip("\ufeff \t")
        )
        before += len(lines)


def _delimited(blocks: Iterator[tuple[list[str], bool]], name: str, where: str) -> Iterator[Rows]:
    """Yield the rows of delimited text; a block is carried on while a quote is open at its end."""
    before, kept, head = 0, [], None
    for lines, _ in blocks:
        kept += lines
        if sum(line.count('"') for line in kept) % 2 and len(kept) < 1_000_000:
            continue
        if head is None:
            head = head_of(kept, best_delimiter(kept, DELIMITERS[name]), where)
            if head is None:
                raise no_rows(where)
        yield tuple(delimited_rows(kept, head, before))
        before += len(kept)
        kept = []
    if kept:
        head = head or head_of(kept, best_delimiter(kept, DELIMITERS[name]), where)
        if head is not None:
            yield tuple(delimited_rows(kept, head, before))
