"""Pairs whose margin says that nobody could tell which answer is better."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally


@dataclass(frozen=True)
class Margins(RowCheck):
    """Margins of zero or below, margins that only some pairs have, and verdicts that flip when the order is swapped."""

    title: ClassVar[Text] = Text("margins of preference pairs", "偏好对的分差")
    flips: float = threshold(
        0.1,
        "share of judged pairs whose verdict flips with the order above which it warns",
        "交换顺序后结论改变的比例上限",
    )

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of pairs with a margin, and of those judged in both orders."""
        pairs = [record for record in chunk.records if record.kind == "pair"]
        return {
            "pairs": len(pairs),
            "rows": sum(record.margin is not None for record in pairs),
            "judged": sum("swapped" in record.about for record in pairs),
        }

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield pairs with an odd margin."""
        for row, record in enumerate(chunk.records):
            if record.kind != "pair":
                continue
            if record.margin is None:
                yield "margin_missing", row
            elif record.margin <= 0:
                yield "no_margin", row
            if record.about.get("swapped") == "flipped":
                yield "margin_flips", row

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found, where margins are given at all."""
        rule = Text("a pair with a margin of 0 or below; any warns", "分差为 0 或负数的偏好对；有即警告")
        yield from Telling(
            Text("pairs without a better answer", "分不出优劣的偏好对"), rule, fix=part.drop("no_margin"), effort=REVIEW
        ).of(part, "no_margin")
        if part["rows"]:
            missing = Text("some pairs have a margin and this has none", "部分偏好对有分差，而该行没有")
            yield from Telling(Text("pairs without a margin", "没有分差的偏好对"), missing, effort=REVIEW).of(
                part, "margin_missing", "pairs"
            )
        flips = Text(
            f"the judge's verdict changes when the two answers are swapped (about.swapped: flipped); above "
            f"{percent(self.flips)} of the pairs judged twice it warns",
            f"交换两个回答后评审结论改变（about.swapped: flipped）；超过双向评审的 {percent(self.flips)} 时警告",
        )
        yield from Telling(
            Text("verdicts that depend on the order", "结论依赖顺序"), flips, self.flips, effort=REVIEW
        ).of(part, "margin_flips", "judged")
