"""Labels that are likely wrong: what a simple classifier, trained on the other rows, would never have said."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Whole, by_share, percent, threshold
from taskfit.data.confident import least_confident, noise_rate, own_probability
from taskfit.data.finding import KEPT, REVIEW, RowFinding, Spot
from taskfit.data.labelled_sample import LabelledCheck, LabelledRow, Sample
from taskfit.data.out_of_fold import FEW_FOLDS, FOLDS, MANY_CLASSES, out_of_fold

WEAK = 100
"""So many rows are shown where the classifier is too weak to judge."""


@dataclass(frozen=True)
class Suspect:
    """A row whose label is likely wrong: how likely its label is, and which one is likelier."""

    row: LabelledRow
    probability: float
    likelier: str

    @property
    def spot(self) -> Spot:
        """The row as it is shown."""
        return self.row.spot(f"{self.row.label} → {self.likelier}? {self.row.text}")


@dataclass(frozen=True)
class Suspicion:
    """All rows, the most suspicious first; how many are held for wrong, the estimated share of wrong labels, accuracy."""

    queue: tuple[Suspect, ...]
    wrong: int
    noise: float
    accuracy: float


@dataclass(frozen=True)
class LabelErrors(LabelledCheck):
    """Confident learning over out-of-fold probabilities."""

    title: ClassVar[Text] = Text("labels that are likely wrong", "可能标错的标签")
    warn: float = threshold(0.03, "share of likely errors above which they warn", "疑似错误超过此比例时警告")
    block: float = threshold(0.3, "share of likely errors above which they block", "疑似错误超过此比例时阻止训练")
    accuracy: float = threshold(
        0.7, "accuracy of the simple classifier below which it only informs", "简单分类器准确率低于此值时仅作提示"
    )
    rows: int = threshold(100, "rows from which labels are judged", "至少多少行才判断标签")

    def tell(self, sample: Sample, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield the rows whose labels are likely wrong, the most suspicious first."""
        found = suspicion_of(sample)
        if len(found.queue) < self.rows or not found.wrong:
            return
        told = found.accuracy >= self.accuracy
        count = found.wrong if told else min(found.wrong, WEAK)
        share = count / len(found.queue)
        severity = by_share(share, warn=self.warn, block=self.block) if told else "info"
        what = Text(
            f"{count:,} labels ({percent(share)}) are likely wrong; estimated noise {percent(found.noise)}, "
            f"a simple classifier is right on {found.accuracy:.0%} of the rows",
            f"{count:,} 个标签（{percent(share)}）可能有误；估计噪声率 {percent(found.noise)}，"
            f"简单分类器的准确率为 {found.accuracy:.0%}",
        )
        if not told:
            what = Text(
                f"a simple classifier is right on {found.accuracy:.0%} of the rows only: it cannot judge these labels, "
                f"but the {count:,} that it finds strangest are worth a look",
                f"简单分类器的准确率只有 {found.accuracy:.0%}，无法判断这些标签；但它认为最可疑的 {count:,} 个值得查看",
            )
        rule = Text(
            "confident learning (Northcutt et al. 2021) over out-of-fold probabilities of TF-IDF and logistic "
            f"regression; above {percent(self.warn)} it warns, above {percent(self.block)} it blocks, below an accuracy "
            f"of {self.accuracy:.0%} it only informs. About two of three are wrong indeed: review, do not delete",
            "对 TF-IDF + 逻辑回归的折外概率做置信学习（Northcutt 等 2021）；"
            f"超过 {percent(self.warn)} 时警告，超过 {percent(self.block)} 时阻止，准确率低于 {self.accuracy:.0%} 时仅提示。"
            "约三分之二确实有误：请复查，不要直接删除",
        )
        shown = tuple(one.spot for one in found.queue[: min(count, KEPT)])
        yield RowFinding("label_errors", severity, what, count, shown, rule=rule, effort=REVIEW, share=share)


def suspicion_of(sample: Sample) -> Suspicion:
    """Return the rows of a sample by how suspicious their labels are; labels with too few rows are left aside."""
    sizes = Counter(row.label for row in sample.rows)
    least = FOLDS if len(sizes) <= MANY_CLASSES else FEW_FOLDS
    judged = tuple(row for row in sample.rows if sizes[row.label] >= least and row.text.strip())
    kept = Sample(sample.tally, judged)
    if len(kept.names) < 2:
        return Suspicion((), 0, 0.0, 0.0)
    labels, probabilities = kept.labels, out_of_fold(kept.texts, kept.labels)
    own = own_probability(labels, probabilities)
    others = probabilities.copy()
    others[np.arange(len(labels)), labels] = -1.0
    likelier = others.argmax(axis=1)
    queue = tuple(
        Suspect(judged[place], float(own[place]), kept.names[likelier[place]])
        for place in np.argsort(own, kind="stable").tolist()
    )
    wrong = int(least_confident(labels, probabilities).sum())
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    return Suspicion(queue, wrong, noise_rate(labels, probabilities), accuracy)
