"""Plain text: one row per line that is not blank; taken for a .txt file in which no labels are recognised."""

from taskfit.data.rows import RawRow, Source, Table, split_lines

SUFFIXES = (".txt", ".md", ".text")


def likely(source: Source) -> int:  # noqa: ARG001
    """Return how likely this is the format of `source`: any text can be read so, none has to be."""
    return 0


def read(source: Source) -> Table:
    """Return one row per line."""
    lines = split_lines(source.text.removeprefix("\ufeff"))
    return Table(("text",), tuple(RawRow(n, {"text": line}) for n, line in enumerate(lines, 1) if line.strip()))
