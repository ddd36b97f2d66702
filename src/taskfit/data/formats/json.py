"""JSON: a list of objects, or one object that holds such a list (`{"data": [...]}`)."""

import re

from taskfit.data.json_rows import read_json
from taskfit.data.rows import Source, Table

SUFFIXES = (".json",)


def likely(source: Source) -> int:
    """Return how likely this is the format of `source`: 0 not, 9 certain."""
    start = source.head.lstrip("\ufeff \t\r\n")
    if start.startswith("[") and source.suffix != ".txt" and re.match(r"\[\s*(\{|\])", start):
        return 5
    return 4 if source.suffix in SUFFIXES else 0


def read(source: Source) -> Table:
    """Return the rows of a JSON file; a broken file is refused whole, with the line."""
    return read_json(source)
