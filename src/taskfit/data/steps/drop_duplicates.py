"""Drop rows that say what another row says, exactly or nearly; rows with different labels are never merged."""

from collections import defaultdict
from collections.abc import Sequence
from typing import ClassVar, Literal

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.near import clusters
from taskfit.data.record import Record
from taskfit.data.said import said_by
from taskfit.data.step import Applied, Step, without


class DropDuplicates(Step):
    """Of rows that ask and answer the same, keep one."""

    about: ClassVar[Text] = Text("keep one of rows that say the same", "相同的行只保留一条")
    similar: float = setting(
        1.0,
        "Jaccard similarity of character 5-grams from which rows are the same; 1 = equal but for case, width, marks, space",
        "字符 5-gram 的 Jaccard 相似度达到此值视为相同；1 = 忽略大小写、全半角、标点、空格后相同",
        ge=0.5,
        le=1.0,
    )
    keep: Literal["first", "longest"] = setting(
        "first", "which of them stays: the first, or the one with the longest answer", "保留哪一条：最先出现或回答最长"
    )

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return one row of each set of copies."""
        said = said_by(records)
        same: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for row, pair in enumerate(zip(said.asked_keys.tolist(), said.answer_keys.tolist(), strict=True)):
            same[pair].append(row)
        if self.similar < 1.0:
            same = _near(
                [rows[0] for rows in same.values()],
                same,
                clusters(said.grams, similar=self.similar).tolist(),
                said.answer_keys.tolist(),
                said.labelled.tolist(),
            )
        gone: dict[int, Text] = {}
        for rows in same.values():
            kept = self._kept(rows, records)
            place = records[kept].origin
            gone |= {row: Text(f"says what {place} says", f"与 {place} 相同") for row in rows if row != kept}
        return without(records, gone)

    def _kept(self, rows: list[int], records: Sequence[Record]) -> int:
        return rows[0] if self.keep == "first" else max(rows, key=lambda row: (len(records[row].answer), -row))


def _near(
    firsts: list[int],
    same: dict[tuple[object, ...], list[int]],
    cluster: list[int],
    answers: list[int],
    labelled: list[bool],
) -> dict[tuple[object, ...], list[int]]:
    """Join sets of equal rows that stand in one cluster; labelled rows only where their labels are the same."""
    by_first = {rows[0]: rows for rows in same.values()}
    joined: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row in firsts:
        joined[(cluster[row], answers[row] if labelled[row] else None)] += by_first[row]
    return {key: sorted(rows) for key, rows in joined.items()}
