"""Rows that are not used: broken, without text or label, or left out because test holds them."""

from collections.abc import Iterator

from taskfit.core.text import Text
from taskfit.data.finding import SHOWN, RowFinding, Rows, Severity

MOST_UNUSABLE = 0.1


def check(rows: Rows) -> Iterator[RowFinding]:
    """Yield one finding for each kind of row that is not used."""
    sentences = {
        "broken": ("{n} of {all} rows cannot be read", "{all} 行中有 {n} 行无法读取"),
        "unusable": ("{n} of {all} rows have no usable text or label", "{all} 行中有 {n} 行缺少可用的文本或标签"),
        "left out": ("{n} of {all} rows are left out of training", "{all} 行中有 {n} 行不用于训练"),
    }
    for kind, (en, zh) in sentences.items():
        listed = [row for row in rows.listed if row.kind == kind]
        if not listed:
            continue
        reason = listed[0].reason
        what = Text(
            f"{en.format(n=len(listed), all=rows.total)}; the first: {reason.en}",
            f"{zh.format(n=len(listed), all=rows.total)}；首个原因：{reason.zh}",
        )
        where = tuple(f"{row.file}:{row.line}" for row in listed[:SHOWN])
        yield RowFinding(kind.replace(" ", "_"), _severity(kind, len(listed) / rows.total), what, len(listed), where)


def _severity(kind: str, share: float) -> Severity:
    if kind == "broken" or (kind == "unusable" and share > MOST_UNUSABLE):
        return "block"
    return "warn"
