"""Lengths that make training uneven: very short answers among long ones, few rows with most tokens, much padding."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, percent, threshold
from taskfit.data.finding import REVIEW, STEP, RowFinding, Spot
from taskfit.data.sizes import Sizes, TextSizes, sizes_of, with_places


@dataclass(frozen=True)
class Both:
    """The sizes of what is asked and of the answers; only rows that have an answer."""

    prompts: Sizes
    answers: TextSizes


@dataclass(frozen=True)
class LengthMix(Check[Both]):
    """Answers of one to three tokens among longer ones, and how unevenly the tokens lie."""

    title: ClassVar[Text] = Text("very short beside long answers; tokens in few rows", "长短回答混合与词元分布不均")
    tiny: int = threshold(3, "tokens up to which an answer is tiny", "不超过此词元数视为极短回答")
    fewest: float = threshold(0.2, "share of tiny answers from which lengths are mixed", "极短回答占比的下限")
    most: float = threshold(0.8, "share of tiny answers up to which lengths are mixed", "极短回答占比的上限")
    top: float = threshold(
        0.2, "share of tokens in the longest 1 % of rows above which it warns", "最长 1 % 行的词元占比上限"
    )
    padding: float = threshold(0.6, "padding in batches of mixed rows above which it is told", "随机批次的填充占比上限")
    batch: int = threshold(8, "rows of a batch by which padding is computed", "计算填充时每批的行数")
    rows: int = threshold(50, "rows from which this is looked at", "至少多少行才检查")

    def map(self, chunk: Chunk, means: Means) -> Both:
        """Return the sizes of the rows with answers."""
        prompts, answers = sizes_of(chunk, means, "prompt"), sizes_of(chunk, means, "answer")
        return Both(prompts[answers > 0], with_places(chunk, answers, "answer"))

    def merge(self, one: Both, other: Both) -> Both:
        """Return the sizes of both."""
        return Both(np.concatenate((one.prompts, other.prompts)), one.answers + other.answers)

    def finish(self, part: Both, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what makes training uneven."""
        sizes = part.answers.sizes
        if len(sizes) < self.rows:
            return
        yield from self._mixed(part)
        count = max(1, len(sizes) // 100)
        share = float(np.sort(sizes)[-count:].sum() / sizes.sum())
        if share > self.top:
            what = Text(
                f"the longest 1 % of the answers hold {percent(share)} of all tokens that are learned: {count:,} rows",
                f"最长的 1 % 回答占全部学习词元的 {percent(share)}：{count:,} 行",
            )
            rule = Text(
                f"the longest 1 % of the rows own more than {percent(self.top)} of the answers' tokens",
                f"最长 1 % 的行占回答词元的比例超过 {percent(self.top)}",
            )
            longest = _spots(part, high=True)
            yield RowFinding("token_imbalance", "warn", what, count, longest, rule=rule, effort=REVIEW)
        yield from self._padded(part.prompts + sizes)

    def _mixed(self, part: Both) -> Iterator[RowFinding]:
        sizes = part.answers.sizes
        tiny = int((sizes <= self.tiny).sum())
        share = tiny / len(sizes)
        longer = sizes[sizes > self.tiny]
        if not self.fewest <= share <= self.most or float(np.median(longer)) < 10 * self.tiny:
            return
        what = Text(
            f"answers of at most {self.tiny} tokens among long ones: {tiny:,} rows ({percent(share)}); the others have "
            f"{np.median(longer):,.0f} in the median, so their tokens rule the loss",
            f"极短回答（不超过 {self.tiny} 个词元）与长回答混合：{tiny:,} 行（{percent(share)}）；其余中位数为 "
            f"{np.median(longer):,.0f}，损失由后者主导",
        )
        rule = Text(
            f"{percent(self.fewest)} to {percent(self.most)} of the answers have at most {self.tiny} tokens, the median of "
            f"the others is at least {10 * self.tiny}",
            f"{percent(self.fewest)} 到 {percent(self.most)} 的回答不超过 {self.tiny} 个词元，其余中位数不低于 {10 * self.tiny}",
        )
        yield RowFinding("mixed_lengths", "warn", what, tiny, _spots(part, high=False), rule=rule, effort=REVIEW)

    def _padded(self, sizes: Sizes) -> Iterator[RowFinding]:
        whole_batches = len(sizes) // self.batch * self.batch
        mixed = np.random.default_rng(0).permutation(sizes)[:whole_batches].reshape(-1, self.batch)
        waste = 1 - float(mixed.sum() / (mixed.max(axis=1).sum() * self.batch))
        if waste > self.padding:
            what = Text(
                f"{percent(waste)} of a padded batch of {self.batch} would be padding; taskfit packs rows without padding, "
                "elsewhere group by length",
                f"每批 {self.batch} 行填充时有 {percent(waste)} 是填充；taskfit 无填充打包，在其他工具中请按长度分组",
            )
            rule = Text(
                f"1 - tokens / (batches x longest row), rows in random order, above {percent(self.padding)}",
                f"1 − 词元数 /（批数 × 最长行），随机顺序，超过 {percent(self.padding)}",
            )
            yield RowFinding("padding", "info", what, len(sizes), rule=rule, effort=STEP, rows=0)


def _spots(part: Both, *, high: bool) -> tuple[Spot, ...]:
    extremes = part.answers.longest
    return tuple(one for _, one in (extremes.high if high else extremes.low))
