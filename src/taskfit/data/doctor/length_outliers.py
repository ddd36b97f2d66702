"""Texts far longer or shorter than the others."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, threshold
from taskfit.data.finding import REVIEW, SHOWN, RowFinding, counted
from taskfit.data.sizes import Side, Sizes, TextSizes, sizes_of, with_places

SIDES: dict[Side, Text] = {"prompt": Text("what is asked", "提问"), "answer": Text("answers", "回答")}


@dataclass(frozen=True)
class LengthOutliers(Check[dict[Side, TextSizes]]):
    """Robust z-scores of log lengths (Iglewicz and Hoaglin 1993), on both sides of a row."""

    title: ClassVar[Text] = Text("texts far longer or shorter than the others", "长度异常的文本")
    far: float = threshold(
        4.0, "robust z of the log length above which a text is an outlier", "对数长度的稳健 z 值超过此值视为异常"
    )
    fewest: int = threshold(100, "rows from which outliers are looked for", "至少多少行才查找异常")

    def map(self, chunk: Chunk, means: Means) -> dict[Side, TextSizes]:
        """Return the sizes of both sides."""
        return {side: with_places(chunk, sizes_of(chunk, means, side), side) for side in SIDES}

    def merge(self, one: dict[Side, TextSizes], other: dict[Side, TextSizes]) -> dict[Side, TextSizes]:
        """Return the sizes of both."""
        return {side: one[side] + other[side] for side in SIDES}

    def finish(self, part: dict[Side, TextSizes], whole: Whole) -> Iterator[RowFinding]:
        """Yield one finding a side, with the most extreme texts."""
        unit = Text("tokens", "个词元") if whole.means.tokens else Text("tokens (estimated)", "个词元（估计）")
        for side, name in SIDES.items():
            sizes = part[side].sizes
            if len(sizes) < self.fewest:
                continue
            middle, spread = _spread(sizes)
            low, high = np.exp(middle - self.far * spread), np.exp(middle + self.far * spread)
            short, long = int((sizes < low).sum()), int((sizes > high).sum())
            if spread == 0 or not short + long:
                continue
            what = Text(
                f"{name.en} of unusual length: {counted(short + long)}; {long:,} above {high:,.0f} {unit.en}, "
                f"{short:,} below {low:,.1f}; the median is {np.exp(middle):,.0f}",
                f"{name.zh}长度异常：{short + long:,} 行；{long:,} 行超过 {high:,.0f} {unit.zh}，{short:,} 行低于 {low:,.1f}；"
                f"中位数 {np.exp(middle):,.0f}",
            )
            rule = Text(
                f"|log length - median| / (1.4826 x median absolute deviation) > {self.far:g}",
                f"|对数长度 − 中位数| / (1.4826 × 绝对中位差) > {self.far:g}",
            )
            extremes = part[side].longest
            spots = [one for size, one in extremes.high if size > high] + [
                one for size, one in extremes.low if size < low
            ]
            yield RowFinding(
                f"{side}_lengths", "info", what, short + long, tuple(spots[:SHOWN]), rule=rule, effort=REVIEW
            )


def _spread(sizes: Sizes) -> tuple[float, float]:
    logs = np.log(sizes)
    middle = float(np.median(logs))
    return middle, 1.4826 * float(np.median(np.abs(logs - middle)))
