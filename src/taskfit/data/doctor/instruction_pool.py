"""Questions that say nearly what another says (ROUGE-L): how varied a pool of instructions is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.asked_sample import Asked, AskedCheck
from taskfit.data.checking import Whole, by_share, percent, threshold
from taskfit.data.finding import KEPT, REVIEW, RowFinding, Spot
from taskfit.data.rouge import SIMILAR, RougePool


@dataclass(frozen=True)
class InstructionPool(AskedCheck):
    """The filter of Self-Instruct, as a look at rows that are already there."""

    title: ClassVar[Text] = Text("questions like another", "彼此相似的指令")
    similar: float = threshold(
        SIMILAR, "ROUGE-L F1 above which two questions are too similar", "指令过于相似的 ROUGE-L F1 下限"
    )
    warn: float = threshold(0.2, "share of such questions above which this warns", "此类指令超过此比例时警告")

    def tell(self, rows: Asked, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield the share of questions that are too similar to an earlier one."""
        pool, found = RougePool(similar=self.similar), []
        for row in rows:
            nearest = pool.nearest(row.text)
            if nearest is not None:
                words = f"{row.spot.excerpt} ~ {rows[nearest.place].spot.excerpt}"
                found.append(Spot(row.spot.place, words, row.spot.id))
            pool.add(row.text)
        if not found:
            return
        share = len(found) / len(rows)
        what = Text(
            f"{len(found):,} of {len(rows):,} different questions ({percent(share)}) say nearly what an earlier one says",
            f"{len(rows):,} 条不同的指令中有 {len(found):,} 条（{percent(share)}）与前面的指令几乎相同",
        )
        rule = Text(
            f"ROUGE-L F1 above {self.similar} with an earlier question (Self-Instruct drops such ones when it makes rows), "
            f"among at most 4,000 drawn by hash; above {percent(self.warn)} it warns",
            f"与前面某条指令的 ROUGE-L F1 超过 {self.similar}（Self-Instruct 生成时会丢弃），按哈希最多抽取 4,000 条；"
            f"超过 {percent(self.warn)} 时警告",
        )
        severity = by_share(share, warn=self.warn)
        yield RowFinding(
            "similar_questions", severity, what, len(found), tuple(found[:KEPT]), rule=rule,
            fix={"cap_cluster": {"most": 5}}, effort=REVIEW, share=share,
        )  # fmt: skip
