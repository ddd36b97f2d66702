"""Labels in an order: the same one in a long run, or one option of a multiple choice far too often."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import log
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, threshold
from taskfit.data.finding import REVIEW, STEP, RowFinding, Spot, spot
from taskfit.data.label_tally import LabelTally, label_of, label_tally

_OPTION = re.compile(r"(?m)(?:^|\s)[(（]?([A-F])[.)：:、）]\s*\S")
_CHOICE = re.compile(
    r"\s*(?:answer\s*(?:is)?\s*[:：]?\s*|答案\s*(?:是|为)?\s*[:：]?\s*)?[(（]?([A-F])[)）.。]?\s*\Z", re.IGNORECASE
)


@dataclass(frozen=True)
class Run:
    """Equal labels one after the other: how many, which, and the first of them."""

    length: int = 0
    label: str = ""
    first: Spot | None = None


@dataclass(frozen=True)
class Order:
    """The runs at both ends and the longest, how many rows, and how often each option was right among so many."""

    start: Run = field(default_factory=Run)
    end: Run = field(default_factory=Run)
    longest: Run = field(default_factory=Run)
    rows: int = 0
    tally: LabelTally = field(default_factory=LabelTally)
    options: Mapping[tuple[int, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelOrder(Check[Order]):
    """The order of the labels in the file, and the place of the right option."""

    title: ClassVar[Text] = Text("labels in an order", "标签的顺序与位置")
    run: int = threshold(
        20, "equal labels in a row above which the file is told to be ordered", "连续相同标签超过此数时提示"
    )
    uneven: float = threshold(
        1.5, "times its even share above which an option is right too often", "某选项为正确答案的频率超过均匀值的倍数"
    )
    rows: int = threshold(
        50, "questions from which the place of the right option is judged", "至少多少题才判断选项位置"
    )

    def map(self, chunk: Chunk, means: Means) -> Order:  # noqa: ARG002
        """Return the runs and the options of the chunk."""
        order = Order(tally=chunk.shared(label_tally), options=_options(chunk))
        if order.tally.given_up:
            return order
        for record, answer in zip(chunk.records, chunk.answers, strict=True):
            label = label_of(record.kind, answer)
            if label is not None:
                one = Run(1, label, spot(record))
                order = _after(order, Order(one, one, one, 1, order.tally, {}))
        return Order(order.start, order.end, order.longest, order.rows, chunk.shared(label_tally), _options(chunk))

    def merge(self, one: Order, other: Order) -> Order:
        """Return the runs of both, one behind the other."""
        both = _after(one, other)
        options = dict(Counter(one.options) + Counter(other.options))
        return Order(both.start, both.end, both.longest, both.rows, one.tally + other.tally, options)

    def finish(self, part: Order, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield the longest run when it is no chance, and an option that is right too often."""
        yield from self._run(part)
        yield from self._option(part)

    def _run(self, part: Order) -> Iterator[RowFinding]:
        run = part.longest
        if not part.tally.is_closed or len(part.tally.counts) < 2 or run.first is None:
            return
        # Of shuffled rows the longest run of a label with share p is about log(n (1 - p)) / log(1 / p).
        share = max(part.tally.counts.values()) / part.rows
        chance = log(max(2.0, part.rows * (1 - share))) / log(1 / share)
        if run.length <= max(self.run, 3 * chance):
            return
        what = Text(
            f"{run.length:,} rows with the label '{run.label}' stand one after the other (about {chance:.0f} would be chance): "
            "the file is ordered by label; who reads it in order, or cuts it, gets one label only",
            f"标签 '{run.label}' 连续出现 {run.length:,} 行（随机情况下约 {chance:.0f} 行）：文件按标签排序，顺序读取或截取会只得到一种标签",
        )
        rule = Text(
            f"more than {self.run} equal labels in a row, and three times more than chance",
            f"连续相同标签超过 {self.run} 行，且超过随机情况的三倍",
        )
        yield RowFinding(
            "label_run", "warn", what, run.length, (run.first,), rule=rule, fix={"shuffle": {"seed": 0}}, effort=STEP
        )

    def _option(self, part: Order) -> Iterator[RowFinding]:
        for count in sorted({options for options, _ in part.options}):
            right = {letter: times for (options, letter), times in part.options.items() if options == count}
            total = sum(right.values())
            letter, times = max(right.items(), key=lambda one: (one[1], one[0]))
            if total < self.rows or times / total <= self.uneven / count:
                continue
            what = Text(
                f"of {total:,} questions with {count} options, {letter} is right in {times / total:.0%} (even would be {1 / count:.0%}): "
                "always saying so already scores that much",
                f"{total:,} 道 {count} 选项的题目中，{letter} 为正确答案的占 {times / total:.0%}（均匀为 {1 / count:.0%}）：总选它即可得到该分数",
            )
            rule = Text(
                f"an option is right more than {self.uneven} times as often as if all were alike",
                f"某选项为正确答案的频率超过均匀值的 {self.uneven} 倍",
            )
            yield RowFinding("option_position", "warn", what, times, rule=rule, effort=REVIEW)


def _after(one: Order, other: Order) -> Order:
    """Return the runs of the rows of `one` and behind them those of `other`."""
    if not one.rows or not other.rows:
        return one if one.rows else other
    joins = one.end.label == other.start.label
    middle = Run(one.end.length + other.start.length, one.end.label, one.end.first) if joins else one.end
    start = middle if joins and one.start.length == one.rows else one.start
    whole = joins and other.start.length == other.rows
    end = middle if whole else other.end
    longest = max((one.longest, middle, other.longest), key=lambda run: run.length)
    return Order(start, end, longest, one.rows + other.rows, one.tally, one.options)


def _options(chunk: Chunk) -> dict[tuple[int, str], int]:
    """Return how often each option was right, by how many options the question lists."""
    right: Counter[tuple[int, str]] = Counter()
    for record, answer in zip(chunk.records, chunk.answers, strict=True):
        chosen = _CHOICE.match(answer) if len(answer) <= 20 else None
        letters = set(_OPTION.findall(record.prompt)) if chosen else set()
        if chosen and len(letters) >= 2 and chosen[1].upper() in letters:
            right[len(letters), chosen[1].upper()] += 1
    return dict(right)
