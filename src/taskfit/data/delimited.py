"""Delimited text (CSV, TSV): records with the line they begin in, headers or none. Knows no label."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.data.columns import KNOWN_NAMES
from taskfit.data.rows import BadRow, RawRow, Source, Table, excerpt_of, no_rows, split_lines

NAMES = {",": Text("comma", "逗号"), "\t": Text("tab", "制表符"), ";": Text("semicolon", "分号")}
SAMPLE = 50
LONGEST_NAME = 60


@dataclass(frozen=True)
class Record:
    """The cells of one record, the line it begins in and the line after its end (1-based)."""

    line: int
    cells: tuple[str, ...]
    after: int


def read_delimited(source: Source, delimiters: Sequence[str]) -> Table:
    """Return the rows of a delimited file; the delimiter is the one of `delimiters` that fits best."""
    lines = split_lines(source.text.removeprefix("\ufeff"))
    if not any(line.strip() for line in lines):
        raise no_rows(source.name)
    delimiter = best_delimiter(lines, delimiters)
    head = head_of(lines, delimiter, source.name)
    if head is None:
        return Table((), tuple(one for one in records(lines, delimiter) if isinstance(one, BadRow)))
    return Table(head.columns, tuple(delimited_rows(lines, head)))


@dataclass(frozen=True)
class Head:
    """The columns of a delimited file, the delimiter, and the line of its header (0: it has none)."""

    columns: tuple[str, ...]
    delimiter: str
    line: int


def head_of(lines: Sequence[str], delimiter: str, where: str) -> Head | None:
    """Return the columns that the first lines of a file tell; None when no line can be read."""
    parsed = list(records(lines, delimiter))
    first = next((one for one in parsed if isinstance(one, Record)), None)
    if first is None:
        return None
    headed = _has_header(first, [one.cells for one in parsed if isinstance(one, Record) and one is not first])
    columns = _column_names(first, where) if headed else tuple(str(n + 1) for n in range(len(first.cells)))
    return Head(columns, delimiter, first.line if headed else 0)


def delimited_rows(lines: Sequence[str], head: Head, before: int = 0) -> Iterator[RawRow | BadRow]:
    """Yield the rows of some lines of a file; `before` are the lines of the file that come before them."""
    columns = head.columns
    for record in records(lines, head.delimiter, len(columns)):
        line = record.line + before
        if isinstance(record, BadRow):
            yield BadRow(line, record.reason, record.excerpt)
        elif line == head.line:
            continue
        elif len(record.cells) != len(columns):
            bad = _ragged(record, lines, len(columns), head.delimiter)
            yield BadRow(line, bad.reason, bad.excerpt)
        else:
            yield RawRow(line, dict(zip(columns, record.cells, strict=True)))


def best_delimiter(lines: Sequence[str], delimiters: Sequence[str]) -> str:
    """Return the delimiter that gives most of the first records the same number (above one) of cells."""

    def score(delimiter: str) -> tuple[int, int]:
        widths = Counter[int]()
        for number, record in enumerate(records(lines, delimiter)):
            if number == SAMPLE:
                break
            if isinstance(record, Record) and len(record.cells) > 1:
                widths[len(record.cells)] += 1
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        return count, width

    return max(delimiters, key=score)


def records(lines: Sequence[str], delimiter: str, width: int | None = None) -> Iterator[Record | BadRow]:
    """Yield the records of `lines`; blank lines are none.

    With `width`, a record of several lines that has another number of cells is a quote left open:
    it is told at the line of that quote, and reading goes on at the next line.
    """
    number = 0
    while number < len(lines):
        line = lines[number]
        if not line.strip(" \ufeff") and delimiter not in line:
            number += 1
        elif '"' not in line:
            yield Record(number + 1, tuple(line.split(delimiter)), number + 1)
            number += 1
        else:
            record = _quoted(lines, number, delimiter)
            if isinstance(record, Record) and width and len(record.cells) != width and record.after > number + 1:
                record = _unclosed(lines, number)
            yield record
            number = record.after if isinstance(record, Record) else number + 1


def _quoted(lines: Sequence[str], start: int, delimiter: str) -> Record | BadRow:
    cells: list[str] = []
    number, place = start, 0
    while True:
        line = lines[number]
        if not line.startswith('"', place):
            end = line.find(delimiter, place)
            cells.append(line[place:] if end < 0 else line[place:end])
            if end < 0:
                return Record(start + 1, tuple(cells), number + 1)
            place = end + 1
            continue
        cell = _quoted_cell(lines, number, place + 1)
        if cell is None:
            return _unclosed(lines, number)
        text, closed, place = cell
        cells.append(text)
        if place == len(lines[closed]):
            return Record(start + 1, tuple(cells), closed + 1)
        if lines[closed][place] != delimiter:
            return _after_quote(lines, number, closed=closed, place=place)
        number, place = closed, place + 1


def _quoted_cell(lines: Sequence[str], number: int, place: int) -> tuple[str, int, int] | None:
    pieces: list[str] = []
    while number < len(lines):
        line = lines[number]
        end = line.find('"', place)
        if end < 0:
            pieces.append(line[place:] + "\n")
            number, place = number + 1, 0
        elif line.startswith('"', end + 1):
            pieces.append(line[place : end + 1])
            place = end + 2
        else:
            pieces.append(line[place:end])
            return "".join(pieces), number, end + 1
    return None


def _unclosed(lines: Sequence[str], number: int) -> BadRow:
    reason = Text('the quote (") that opens in this line is not closed', '这一行开启的引号（"）没有闭合')
    return BadRow(number + 1, reason, excerpt_of(lines[number], lines[number].find('"')))


def _after_quote(lines: Sequence[str], number: int, *, closed: int, place: int) -> BadRow:
    if closed != number:
        return _unclosed(lines, number)
    if '\\"' in lines[number]:
        reason = Text('a quote inside a cell is written "" here, not \\"', '单元格内的引号应写成 ""，而不是 \\"')
    else:
        reason = Text("there is text after a closing quote", "闭合引号之后还有文字")
    return BadRow(number + 1, reason, excerpt_of(lines[number], place))


def _ragged(record: Record, lines: Sequence[str], width: int, delimiter: str) -> BadRow:
    found, name = len(record.cells), NAMES[delimiter]
    reason = Text(
        f"{found} cells where the first line has {width}; put a text that holds a {name.en} into quotes",
        f"此行有 {found} 个单元格，首行有 {width} 个；含有{name.zh}的文本请加引号",
    )
    return BadRow(record.line, reason, excerpt_of(lines[record.line - 1]))


def _has_header(first: Record, others: Sequence[tuple[str, ...]]) -> bool:
    """Tell a header by a known name; a long cell, or two columns whose first record recurs below, are rows."""
    if any(cell.strip().casefold() in KNOWN_NAMES for cell in first.cells):
        return True
    if any(len(cell) > LONGEST_NAME or "\n" in cell.strip() for cell in first.cells):
        return False
    if len(first.cells) != 2:
        return True
    return not any(any(row[at] == cell for row in others if len(row) == 2) for at, cell in enumerate(first.cells))


def _column_names(first: Record, where: str) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in first.cells)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        shown = ", ".join(twice[:20])
        raise DataError(
            Text(f"columns that occur twice: {shown}", f"重复的列名：{shown}"),
            where=f"{where}:{first.line}",
            todo=Text("give every column its own name", "请给每一列不同的名称"),
        )
    return names
