"""Preference pairs that the model to be trained would never say: both answers far less likely than those of other pairs."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, threshold
from taskfit.data.finding import REVIEW, SHOWN, RowFinding, Spot, counted, spot

Losses = list[tuple[float, float, Spot]]
"""The loss of the chosen and of the rejected answer of each pair, and where it stands."""


@dataclass(frozen=True)
class OffPolicy(Check[Losses]):
    """Losses of both answers against those of all pairs. Needs the model that will be trained."""

    title: ClassVar[Text] = Text("pairs far from what the model says", "远离模型分布的偏好对")
    needs: ClassVar[tuple[str, ...]] = ("losses",)
    far: float = threshold(3.0, "standard deviations above the mean loss on both sides", "两侧损失高于均值的标准差倍数")
    fewest: int = threshold(30, "pairs from which this is looked at", "至少多少对才检查")
    one_in: int = threshold(1, "one in so many pairs is looked at (by a hash)", "每隔多少对检查一对（按哈希）")

    def map(self, chunk: Chunk, means: Means) -> Losses:
        """Return the losses of the pairs."""
        assert means.losses is not None
        pairs = [
            record
            for record in chunk.records
            if record.kind == "pair" and record.chosen and zlib.crc32(record.hash.encode()) % self.one_in == 0
        ]
        asked = [
            (record.prompt or " ", side[-1].content) for record in pairs for side in (record.chosen, record.rejected)
        ]
        losses = list(means.losses(asked)) if asked else []
        return [(losses[2 * at], losses[2 * at + 1], spot(record)) for at, record in enumerate(pairs)]

    def merge(self, one: Losses, other: Losses) -> Losses:
        """Return the losses of both."""
        return one + other

    def finish(self, part: Losses, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield the pairs whose answers both are unlikely."""
        if len(part) < self.fewest:
            return
        losses = np.array([(chosen, rejected) for chosen, rejected, _ in part])
        spread = np.maximum(losses.std(axis=0), 1e-9)
        far = np.flatnonzero(((losses - losses.mean(axis=0)) / spread > self.far).all(axis=1)).tolist()
        if not far:
            return
        what = Text(
            f"pairs of which the model would say neither answer: {counted(len(far))}; they teach little by preference",
            f"两个回答模型都不太会说的偏好对：{len(far):,} 行；对偏好学习帮助不大",
        )
        rule = Text(
            f"the loss of both answers lies more than {self.far:g} standard deviations above the mean of its side",
            f"两个回答的损失都高于各自均值 {self.far:g} 个标准差以上",
        )
        shown = tuple(part[row][2] for row in far[:SHOWN])
        fix = {"drop_rows": {"ids": [part[row][2].id for row in far]}} if len(far) <= 1000 else None
        yield RowFinding("off_policy", "info", what, len(far), shown, rule=rule, fix=fix, effort=REVIEW)
