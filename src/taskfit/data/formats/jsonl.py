"""JSONL: one JSON object per line."""

from taskfit.data.json_text import parse_row
from taskfit.data.rows import RawRow, Source, Table, columns_of, split_lines

SUFFIXES = (".jsonl", ".ndjson", ".jsonlines")


def likely(source: Source) -> int:
    """Return how likely this is the format of `source`: 0 not, 9 certain."""
    if source.suffix in SUFFIXES:
        return 4
    start = source.head.lstrip("\ufeff \t\r\n")
    if not start.startswith("{"):
        return 0
    lines = [line for line in split_lines(start) if line.strip()][:2]
    # After a whole object another line can only be another row, sound or broken.
    each = len(lines) == 2 and isinstance(parse_row(lines[0], 1), RawRow)
    return 6 if each else 2


def read(source: Source) -> Table:
    """Return the rows of a JSONL file; every broken line is told, blank lines are none."""
    text = source.text
    lines = split_lines(text)
    whole = not lines or text.endswith(("\n", "\r"))
    rows = tuple(
        parse_row(line.strip("\ufeff \t"), number, last=number == len(lines) and not whole)
        for number, line in enumerate(lines, 1)
        if line.strip("\ufeff \t")
    )
    return Table(columns_of(rows), rows)
