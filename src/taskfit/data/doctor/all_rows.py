"""Every row of the file is used or listed with its reason; a row that is neither would be our mistake."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import FileCheck, Whole
from taskfit.data.finding import COLLECT, RowFinding


@dataclass(frozen=True)
class AllRows(FileCheck):
    """Rows in the file = rows used + rows listed."""

    title: ClassVar[Text] = Text("no row is lost", "没有丢失任何行")

    def finish(self, part: None, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield a finding when rows are missing, and one when the file is not UTF-8."""
        if not whole.files:
            return
        held = sum(file.rows for file in whole.files)
        lost = held - whole.read
        if lost:
            what = Text(
                f"the files have {held:,} rows, {whole.rows:,} are used and {len(whole.listed):,} are listed",
                f"文件共 {held:,} 行，使用 {whole.rows:,} 行，列出 {len(whole.listed):,} 行",
            )
            rule = Text(
                "rows in the file = rows used + rows listed, else it blocks", "文件行数 = 使用 + 列出，否则阻止训练"
            )
            yield RowFinding("rows_lost", "block", what, abs(lost), rule=rule, effort=COLLECT)
        usual = ("utf-8", "utf-8-sig", "ascii", "binary")
        other = ", ".join(
            f"{file.path} ({file.encoding})" for file in whole.files if file.encoding.casefold() not in usual
        )
        if other:
            what = Text(
                f"not in UTF-8: {other}; `taskfit data convert` writes UTF-8",
                f"非 UTF-8 编码：{other}；`taskfit data convert` 会写成 UTF-8",
            )
            rule = Text("any encoding that is not UTF-8", "任何非 UTF-8 编码")
            yield RowFinding("encoding", "info", what, whole.read, rule=rule)
