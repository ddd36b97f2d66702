"""Plain text: one row per paragraph, which is what stands between blank lines."""

from taskfit.data.rows import RawRow, Source, Table, split_lines

SUFFIXES = (".txt", ".md", ".text")


def likely(source: Source) -> int:  # noqa: ARG001
    """Return how likely this is the format of `source`: any text can be read so, none has to be."""
    return 0


def read(source: Source) -> Table:
    """Return one row per paragraph; its line is the first one."""
    rows: list[RawRow] = []
    inner: list[str] = []
    lines = split_lines(source.text.removeprefix("\ufeff"))
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            inner.append(line)
        elif inner:
            rows.append(RawRow(number - len(inner), {"text": "\n".join(inner)}))
            inner = []
    return Table(("text",), tuple(rows))
