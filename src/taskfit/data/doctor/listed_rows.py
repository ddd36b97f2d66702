"""Rows that are not used: broken, without text or label, or left out because test holds them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import FileCheck, Whole, percent, threshold
from taskfit.data.finding import REVIEW, SHOWN, RowFinding, Severity, spot_of_listed

SENTENCES = {
    "broken": ("{n} of {all} rows cannot be read", "{all} 行中有 {n} 行无法读取"),
    "unusable": ("{n} of {all} rows have no usable text or label", "{all} 行中有 {n} 行缺少可用的文本或标签"),
    "left out": ("{n} of {all} rows are left out of training", "{all} 行中有 {n} 行不用于训练"),
    "repaired": ("{n} of {all} rows are mended while they are read", "{all} 行中有 {n} 行在读取时被修正"),
}


@dataclass(frozen=True)
class ListedRows(FileCheck):
    """Each kind of row that is not used."""

    title: ClassVar[Text] = Text("rows that cannot be used", "无法使用的行")
    runs = "always"
    most_unusable: float = threshold(
        0.1,
        "share of rows without text or answer above which they block",
        "缺少文本或回答的行超过此比例时阻止训练",
    )

    def finish(self, part: None, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield one finding for each kind of row that is not used."""
        for kind, (en, zh) in SENTENCES.items():
            listed = [row for row in (*whole.listed, *whole.repaired) if row.kind == kind]
            if not listed:
                continue
            reason, count = listed[0].reason, len(listed)
            what = Text(
                f"{en.format(n=count, all=whole.read)}; the first: {reason.en}",
                f"{zh.format(n=count, all=whole.read)}；首个原因：{reason.zh}",
            )
            shown = tuple(spot_of_listed(row) for row in listed[:SHOWN])
            severity = self._severity(kind, count / whole.read)
            name = kind.replace(" ", "_")
            yield RowFinding(name, severity, what, count, shown, rule=self._rule(kind), effort=REVIEW)

    def _severity(self, kind: str, share: float) -> Severity:
        if kind == "broken" or (kind == "unusable" and share > self.most_unusable):
            return "block"
        return "info" if kind == "repaired" else "warn"

    def _rule(self, kind: str) -> Text:
        return {
            "broken": Text("any row that cannot be parsed blocks", "任何无法解析的行都会阻止训练"),
            "unusable": Text(
                f"rows without text or answer; above {percent(self.most_unusable)} they block",
                f"缺少文本或回答的行；超过 {percent(self.most_unusable)} 时阻止训练",
            ),
            "repaired": Text(
                "a placeholder was emptied, a number or an object was written as text, or the like",
                "占位符被清空、数字或对象被写成文本等",
            ),
            "left out": Text("rows that are good but not used", "可用但未使用的行"),
        }[kind]
