"""Plain text: the whole file is one row."""

from taskfit.data.rows import RawRow, Source, Table

SUFFIXES = (".txt", ".md", ".text")


def likely(source: Source) -> int:  # noqa: ARG001
    """Return how likely this is the format of `source`: any text can be read so, none has to be."""
    return 0


def read(source: Source) -> Table:
    """Return one row."""
    text = source.text.removeprefix("\ufeff")
    return Table(("text",), (RawRow(1, {"text": text}),) if text.strip() else ())
