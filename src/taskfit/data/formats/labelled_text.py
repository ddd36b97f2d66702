"""Labelled text: one row per line, `text<TAB>label`, `label<TAB>text` or `label text` (also fastText's `__label__x`)."""

from collections.abc import Callable, Iterator, Sequence

from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.data.rows import BadRow, RawRow, Source, Table, excerpt_of, no_rows, split_lines

SUFFIXES = (".txt",)
COLUMNS = ("text", "label")
PREFIX = "__label__"
FEW_LABELS = 20

Pair = tuple[str, str]


def likely(source: Source) -> int:
    """Return how likely this is the format of `source`: 0 not, 9 certain. Any text may be labelled text."""
    return 2 if source.suffix in SUFFIXES else 1


def read(source: Source) -> Table:
    """Return the rows of a labelled text file; raise DataError when no side of the lines looks like labels."""
    lines = [(number, line) for number, line in enumerate(split_lines(source.text.lstrip("\ufeff")), 1) if line.strip()]
    if not lines:
        raise no_rows(source.name)
    split = _best_split([line for _, line in lines])
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


def _rows(lines: Sequence[tuple[int, str]], split: Callable[[str], Pair | None]) -> Iterator[RawRow | BadRow]:
    for number, line in lines:
        pair = split(line)
        if pair is None:
            yield BadRow(number, Text("no label in this line", "这一行没有标签"), excerpt_of(line))
        elif pair[1].startswith(PREFIX) and pair[0].startswith(PREFIX):
            yield BadRow(number, Text("more than one label", "标签多于一个"), excerpt_of(line))
        else:
            yield RawRow(number, {"text": pair[0], "label": pair[1].removeprefix(PREFIX)})


def _best_split(lines: Sequence[str]) -> Callable[[str], Pair | None] | None:
    """Return the way of cutting a line whose labels are fewest, or None when none has few."""
    ways = (_label_last, _label_first) if _mostly(lines, _label_last) else (_label_word_first,)
    counted = [(len(_labels(lines, way)), way) for way in ways]
    count, best = min(counted, key=lambda item: item[0])
    return best if 0 < count <= max(FEW_LABELS, 0.3 * len(lines)) else None


def _mostly(lines: Sequence[str], way: Callable[[str], Pair | None]) -> bool:
    return sum(way(line) is not None for line in lines) > 0.5 * len(lines)


def _labels(lines: Sequence[str], way: Callable[[str], Pair | None]) -> set[str]:
    pairs = (way(line) for line in lines)
    return {pair[1] for pair in pairs if pair is not None}


def _label_last(line: str) -> Pair | None:
    text, tab, label = line.rpartition("\t")
    return (text, label) if tab else None


def _label_first(line: str) -> Pair | None:
    label, tab, text = line.partition("\t")
    return (text, label) if tab else None


def _label_word_first(line: str) -> Pair | None:
    label, space, text = line.partition(" ")
    return (text, label) if space else None
