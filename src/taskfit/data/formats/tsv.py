"""TSV: one row per record, cells separated by tabs, with or without a header."""

from taskfit.data.delimited import read_delimited
from taskfit.data.rows import Source, Table

SUFFIXES = (".tsv", ".tab")


def likely(source: Source) -> int:
    """Return how likely this is the format of `source`: 0 not, 9 certain."""
    return 4 if source.suffix in SUFFIXES else 0


def read(source: Source) -> Table:
    """Return the rows of a TSV file."""
    return read_delimited(source, ("\t",))
