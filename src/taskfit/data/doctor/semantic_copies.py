"""Questions that mean nearly the same, by the vectors of an encoder: for information, never to be dropped unseen."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.asked_sample import Asked, AskedCheck
from taskfit.data.checking import Whole, percent, threshold
from taskfit.data.finding import KEPT, REVIEW, RowFinding, Spot

_AT_ONCE = 512


@dataclass(frozen=True)
class SemanticCopies(AskedCheck):
    """Vectors that point in one direction."""

    title: ClassVar[Text] = Text("questions that mean the same", "语义相同的指令")
    needs = ("embed",)
    similar: float = threshold(0.95, "cosine from which two questions mean the same", "语义相同的余弦相似度下限")

    def tell(self, rows: Asked, whole: Whole) -> Iterator[RowFinding]:
        """Yield the questions whose meaning an earlier one has."""
        if whole.means.embed is None:
            return
        vectors = np.asarray(whole.means.embed([row.text for row in rows]), np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        found = []
        for start in range(0, len(rows), _AT_ONCE):
            some = vectors[start : start + _AT_ONCE] @ vectors.T
            # Each with those before it only.
            some[np.arange(some.shape[1]) >= (start + np.arange(len(some)))[:, None]] = -1
            for place in np.flatnonzero(some.max(axis=1) >= self.similar).tolist():
                row, other = rows[start + place], rows[int(some[place].argmax())]
                found.append(Spot(row.spot.place, f"{row.spot.excerpt} ~ {other.spot.excerpt}", row.spot.id))
        if not found:
            return
        share = len(found) / len(rows)
        what = Text(
            f"{len(found):,} of {len(rows):,} different questions ({percent(share)}) mean nearly what an earlier one means",
            f"{len(rows):,} 条不同的指令中有 {len(found):,} 条（{percent(share)}）与前面的指令语义几乎相同",
        )
        rule = Text(
            f"cosine of the encoder's vectors at least {self.similar}, among at most 4,000 drawn by hash; lower thresholds "
            "take away rows that differ in what matters",
            f"编码向量的余弦相似度不低于 {self.similar}，按哈希最多抽取 4,000 条；更低的阈值会误删关键处不同的行",
        )
        yield RowFinding(
            "semantic_copies", "info", what, len(found), tuple(found[:KEPT]), rule=rule, effort=REVIEW, share=share
        )
