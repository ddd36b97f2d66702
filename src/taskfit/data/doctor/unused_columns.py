"""Columns of the file that nothing reads."""

from collections.abc import Iterator

from taskfit.core.text import Text
from taskfit.data.finding import RowFinding, Rows, quoted

USUAL = frozenset(("id", "idx", "index", ""))


def check(rows: Rows) -> Iterator[RowFinding]:
    """Yield a finding when columns are left aside."""
    if rows.facts is None:
        return
    used = rows.facts.roles.used
    left = [name for name in rows.facts.columns if name not in used and name.casefold() not in USUAL]
    if left:
        names = quoted(left)
        what = Text(f"columns that are not used: {names.en}", f"未使用的列：{names.zh}")
        yield RowFinding("unused_columns", "info", what, len(left))
