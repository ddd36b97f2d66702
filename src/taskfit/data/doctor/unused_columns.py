"""Columns of the file that nothing reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import FileCheck, Whole
from taskfit.data.finding import RowFinding, quoted

USUAL = frozenset(("id", "idx", "index", ""))


@dataclass(frozen=True)
class UnusedColumns(FileCheck):
    """Columns that are left aside."""

    title: ClassVar[Text] = Text("columns that nothing reads", "未使用的列")
    runs = "always"

    def finish(self, part: None, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield a finding when columns are left aside."""
        if whole.facts is None:
            return
        used = whole.facts.roles.used
        left = [name for name in whole.facts.columns if name not in used and name.casefold() not in USUAL]
        if left:
            names = quoted(left)
            what = Text(f"columns that are not used: {names.en}", f"未使用的列：{names.zh}")
            rule = Text("any column beside ids that no role is given to", "除编号外没有用途的列")
            yield RowFinding("unused_columns", "info", what, len(left), rule=rule, rows=0)
