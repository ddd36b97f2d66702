"""Labelled text: one row per line, `text<TAB>label`, `label<TAB>text` or `label text` (also fastText's `__label__x`)."""

from collections.abc import Iterator, Sequence

from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.data.labelled_lines import Split, best_split
from taskfit.data.rows import BadRow, RawRow, Source, Table, excerpt_of, no_rows, split_lines

SUFFIXES = (".txt",)
COLUMNS = ("text", "label")
PREFIX = "__label__"


def likely(source: Source) -> int:
    """Return how likely this is the format of `source`: 0 not, 9 certain. Any text may be labelled text."""
    return 2 if source.suffix in SUFFIXES else 1


def read(source: Source) -> Table:
    """Return the rows of a labelled text file; raise DataError when no side of the lines looks like labels."""
    lines = [(number, line) for number, line in enumerate(split_lines(source.text.lstrip("\ufeff")), 1) if line.strip()]
    if not lines:
        raise no_rows(source.name)
    split = best_split([line for _, line in lines])
    if split is None:
        raise DataError(
            Text("no label is recognised in these lines", "在这些行中认不出标签"),
            where=source.name,
            todo=Text(
                "write `text<TAB>label`, or a CSV with a header line such as `text,label`",
                "请写成 `文本<TAB>标签`，或带表头（如 `text,label`）的 CSV",
            ),
        )
    return Table(COLUMNS, tuple(_rows(lines, split)))


def _rows(lines: Sequence[tuple[int, str]], split: Split) -> Iterator[RawRow | BadRow]:
    for number, line in lines:
        pair = split(line)
        if pair is None:
            yield BadRow(number, Text("no label in this line", "这一行没有标签"), excerpt_of(line))
        elif pair[1].startswith(PREFIX) and pair[0].startswith(PREFIX):
            yield BadRow(number, Text("more than one label", "标签多于一个"), excerpt_of(line))
        else:
            yield RawRow(number, {"text": pair[0], "label": pair[1].removeprefix(PREFIX)})
