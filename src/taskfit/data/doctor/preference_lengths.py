"""Preference for the longer answer: a reward model then learns to count words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, by_share, percent, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally, spot

Z = 1.96


@dataclass(frozen=True)
class PairSizes:
    """Log ratios of the lengths of chosen and rejected answers, and rows whose chosen one is much longer."""

    ratios: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class PreferenceLengths(Check[PairSizes]):
    """How often the chosen answer is the longer one, with its 95 % interval (Wilson 1927)."""

    title: ClassVar[Text] = Text("preference for the longer answer", "偏好更长的回答")
    warn: float = threshold(
        0.7, "share of pairs with a longer chosen answer above which it warns", "chosen 更长的比例上限（警告）"
    )
    block: float = threshold(0.85, "share above which it blocks", "chosen 更长的比例上限（阻止）")
    fewest: int = threshold(30, "pairs from which this is looked at", "至少多少对才检查")

    def map(self, chunk: Chunk, means: Means) -> PairSizes:  # noqa: ARG002
        """Return the log ratios of lengths."""
        pairs = [record for record in chunk.records if record.kind == "pair" and record.chosen]
        sizes = [[sum(len(m.content) for m in side) + 1 for side in (one.chosen, one.rejected)] for one in pairs]
        lengths = np.array(sizes, float).reshape(-1, 2)
        ratios = np.log(lengths[:, 0] / lengths[:, 1])
        longer = [pairs[row] for row in np.argsort(-ratios, kind="stable")[:20].tolist() if ratios[row] > 0]
        return PairSizes(ratios, Tally({}, {"longer": tuple(spot(one) for one in longer)}))

    def merge(self, one: PairSizes, other: PairSizes) -> PairSizes:
        """Return the ratios of both."""
        return PairSizes(np.concatenate((one.ratios, other.ratios)), one.tally + other.tally)

    def finish(self, part: PairSizes, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield a finding when the lower end of the interval is above a threshold."""
        unequal = part.ratios[part.ratios != 0]
        if len(unequal) < self.fewest:
            return
        longer = int((unequal > 0).sum())
        low, high = _wilson(longer, len(unequal))
        if low <= self.warn:
            return
        share = longer / len(unequal)
        what = Text(
            f"the chosen answer is the longer one in {percent(share)} of the pairs (95 %: {percent(low)} to {percent(high)}), "
            f"{np.exp(unequal.mean()):.1f} times as long in the mean",
            f"{percent(share)} 的偏好对中 chosen 更长（95 % 区间 {percent(low)} 到 {percent(high)}），平均为 "
            f"{np.exp(unequal.mean()):.1f} 倍长",
        )
        rule = Text(
            f"lower end of the 95 % interval of P(chosen longer) above {percent(self.warn)} warns, above "
            f"{percent(self.block)} blocks",
            f"P(chosen 更长) 的 95 % 区间下限超过 {percent(self.warn)} 时警告，超过 {percent(self.block)} 时阻止训练",
        )
        severity = by_share(low, warn=self.warn, block=self.block)
        shown = part.tally.shown("longer")
        yield RowFinding("preference_lengths", severity, what, longer, shown, rule=rule, effort=REVIEW)


def _wilson(hits: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    share, squared = hits / total, Z * Z
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    half = Z / (1 + squared / total) * sqrt(share * (1 - share) / total + squared / (4 * total * total))
    return middle - half, middle + half
