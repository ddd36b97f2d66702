"""How many rows each label has: one label only, rare labels, imbalance."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, threshold
from taskfit.data.finding import COLLECT, RowFinding, counted, quoted
from taskfit.data.label_tally import LabelTally, label_tally


@dataclass(frozen=True)
class LabelCounts(Check[LabelTally]):
    """Counts of the labels of a closed set."""

    title: ClassVar[Text] = Text("rows per label", "各标签的行数")
    runs = "always"
    fewest: int = threshold(10, "rows below which a label is rare", "标签少于此行数视为稀有")
    rare_share: float = threshold(
        0.1, "share of the mean rows per label below which a label is rare", "低于平均每标签行数的此比例视为稀有"
    )
    uneven: float = threshold(10.0, "largest label / smallest label above which rows are uneven", "最多与最少标签之比")

    def map(self, chunk: Chunk, means: Means) -> LabelTally:  # noqa: ARG002
        """Return the counts of the labels."""
        return chunk.shared(label_tally)

    def merge(self, one: LabelTally, other: LabelTally) -> LabelTally:
        """Return the counts of both."""
        return one + other

    def finish(self, part: LabelTally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield findings about the counts of the labels of a closed set."""
        if not part.is_closed:
            return
        if len(part.counts) == 1:
            yield self._one_label(part)
            return
        least = max(self.fewest, self.rare_share * part.total / len(part.counts))
        rare = sorted(name for name, count in part.counts.items() if count < least)
        if rare:
            yield self._rare(part, rare, least)
        yield from self._uneven(part, rare)

    def _one_label(self, part: LabelTally) -> RowFinding:
        name = next(iter(part.counts))
        what = Text(
            f"every row has the label '{name}'; there is nothing to tell apart",
            f"所有行的标签都是 '{name}'，没有可区分的内容",
        )
        rule = Text("all rows have one and the same label", "所有行的标签相同")
        return RowFinding("one_label", "block", what, part.total, rule=rule, effort=COLLECT)

    def _rare(self, part: LabelTally, rare: list[str], least: float) -> RowFinding:
        names = quoted([f"{name} ({part.counts[name]})" for name in rare])
        what = Text(
            f"{counted(len(rare), 'label has', 'labels have')} fewer than {least:.0f} rows: {names.en}; collect more, or merge them",
            f"{len(rare)} 个标签不足 {least:.0f} 行：{names.zh}；请补充或合并",
        )
        rule = Text(
            f"fewer rows than max({self.fewest}, {self.rare_share:g} x the mean per label)",
            f"少于 max({self.fewest}, {self.rare_share:g} × 平均每标签行数) 行",
        )
        touched = sum(part.counts[name] for name in rare)
        return RowFinding(
            "rare_labels", "warn", what, len(rare), part.shown(rare), rule=rule, effort=COLLECT, rows=touched
        )

    def _uneven(self, part: LabelTally, rare: list[str]) -> Iterator[RowFinding]:
        """Yield a finding when the largest label is far above the smallest one that is not told as rare."""
        enough = [count for name, count in part.counts.items() if name not in rare]
        if not enough:
            return
        most, fewest = max(enough), min(enough)
        if most <= self.uneven * fewest:
            return
        top = max(part.counts, key=lambda name: (part.counts[name], name))
        what = Text(
            f"'{top}' has {most / part.total:.0%} of the rows; read macro-F1 beside accuracy",
            f"'{top}' 占 {most / part.total:.0%} 的行；请同时看宏平均 F1 与准确率",
        )
        rule = Text(
            f"the largest label has more than {self.uneven:g} times the rows of the smallest",
            f"最多的标签超过最少标签的 {self.uneven:g} 倍",
        )
        yield RowFinding("uneven_labels", "warn", what, most, rule=rule, effort=COLLECT)
