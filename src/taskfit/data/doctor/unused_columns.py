"""Columns and fields that nothing reads."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole
from taskfit.data.finding import RowFinding, quoted

USUAL = frozenset(("id", "idx", "index", ""))


@dataclass(frozen=True)
class UnusedColumns(Check[Mapping[str, int]]):
    """Columns of a table without a role, and fields that are only kept beside the row."""

    title: ClassVar[Text] = Text("columns that nothing reads", "未使用的列")
    runs = "always"

    def map(self, chunk: Chunk, means: Means) -> Mapping[str, int]:  # noqa: ARG002
        """Return how many rows have each field that nobody reads."""
        return Counter(name for record in chunk.records for name in record.extra)

    def merge(self, one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
        """Return the counts of both."""
        return Counter(one) + Counter(other)

    def finish(self, part: Mapping[str, int], whole: Whole) -> Iterator[RowFinding]:
        """Yield a finding when columns are left aside."""
        columns = [
            name for file in whole.files if file.roles.used for name in file.columns if name not in file.roles.used
        ]
        left = [name for name in dict.fromkeys((*columns, *part)) if name.casefold() not in USUAL]
        if left:
            names = quoted(left)
            what = Text(f"columns that are not used: {names.en}", f"未使用的列：{names.zh}")
            rule = Text("any column beside ids that no role is given to", "除编号外没有用途的列")
            yield RowFinding("unused_columns", "info", what, len(left), rule=rule, rows=0)
