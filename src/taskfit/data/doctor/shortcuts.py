"""Shortcuts: one word, the length, or the label itself in the text gives the answer away."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from taskfit.core.text import Text
from taskfit.data.checking import Whole, percent, threshold
from taskfit.data.finding import KEPT, REVIEW, RowFinding, Severity, quoted
from taskfit.data.labelled_sample import LabelledCheck, Sample
from taskfit.data.normal import normals
from taskfit.data.out_of_fold import auc
from taskfit.data.rouge import rouge_tokens

FEWEST = 20
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Cue:
    """What tells a label, how well, and the rows that show it."""

    what: str
    label: str
    curve: float
    rows: Mask


@dataclass(frozen=True)
class Shortcuts(LabelledCheck):
    """What a model could learn instead of the task."""

    title: ClassVar[Text] = Text("shortcuts to the label", "通往标签的捷径")
    curve: float = threshold(
        0.95, "area under the ROC curve from which one cue is a shortcut", "单一线索的 AUC 达到此值视为捷径"
    )
    named: float = threshold(
        0.5,
        "share of a label's rows that hold its name, beyond that of other rows, from which it is told",
        "文本中出现标签名的比例（超出其他行的部分）达到此值时提示",
    )
    classes: int = threshold(
        10,
        "labels above which words that tell one are usual, and only inform",
        "标签数超过此值时词语线索属正常，仅提示",
    )

    def tell(self, sample: Sample, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield words, lengths and names that tell a label."""
        severity: Severity = "warn" if len(sample.names) <= self.classes else "info"
        curve = Text(
            f"an area under the ROC curve of at least {self.curve} for one label; above {self.classes} labels it only informs",
            f"对某标签的 AUC 不低于 {self.curve}；标签超过 {self.classes} 个时仅提示",
        )
        told = Text("one word alone tells a label", "仅凭一个词就能判断标签")
        yield from _finding("shortcut_word", severity, told, list(self._words(sample)), sample=sample, rule=curve)
        told = Text("the length alone tells a label", "仅凭长度就能判断标签")
        yield from _finding("shortcut_length", "warn", told, list(self._lengths(sample)), sample=sample, rule=curve)
        rule = Text(
            f"the name of a label stands in its rows more often than in others, by more than {percent(self.named)}; above "
            f"{self.classes} labels it only informs",
            f"标签名在本标签的行中出现的比例比其他行高 {percent(self.named)} 以上；标签超过 {self.classes} 个时仅提示",
        )
        told = Text("the text itself names its label", "文本中直接写出了标签")
        yield from _finding("label_in_text", severity, told, list(self._names(sample)), sample=sample, rule=rule)

    def _words(self, sample: Sample) -> Iterator[Cue]:
        words = [set(rouge_tokens(text)) for text in sample.texts]
        known = sorted(set().union(*words))
        number = {word: place for place, word in enumerate(known)}
        rows = np.repeat(np.arange(len(words)), [len(some) for some in words])
        columns = np.fromiter((number[word] for some in words for word in some), np.int64, len(rows))
        total = np.bincount(columns, minlength=len(known))
        for name, own in _labels(sample):
            inside = np.bincount(columns[own[rows]], minlength=len(known))
            # Of a cue that is there or not the curve has one corner: (1 + true rate - false rate) / 2.
            curves = 0.5 + (inside / own.sum() - (total - inside) / (~own).sum()) / 2
            best = int(curves.argmax()) if len(curves) else 0
            if len(curves) and curves[best] >= self.curve:
                holds = np.zeros(len(own), bool)
                holds[rows[columns == best]] = True
                yield Cue(known[best], name, float(curves[best]), own & holds)

    def _lengths(self, sample: Sample) -> Iterator[Cue]:
        lengths = np.array([len(text) for text in sample.texts], np.float64)
        for name, own in _labels(sample):
            curve = auc(lengths, own)
            if max(curve, 1 - curve) >= self.curve:
                yield Cue(">" if curve > 0.5 else "<", name, max(curve, 1 - curve), own)

    def _names(self, sample: Sample) -> Iterator[Cue]:
        forms, names = list(normals(sample.texts)), dict(zip(sample.names, normals(sample.names), strict=True))
        for name, own in _labels(sample):
            if len(names[name]) < 2:
                continue
            holds = np.array([names[name] in form for form in forms])
            more = float(holds[own].mean() - holds[~own].mean())
            if more > self.named:
                yield Cue(name, name, (1 + more) / 2, own & holds)


def _labels(sample: Sample) -> Iterator[tuple[str, Mask]]:
    """Yield the labels with enough rows inside and outside, each with its rows."""
    for number, name in enumerate(sample.names):
        own = sample.labels == number
        if min(own.sum(), (~own).sum()) >= FEWEST:
            yield name, own


def _finding(
    id: str, severity: Severity, told: Text, cues: Sequence[Cue], *, sample: Sample, rule: Text
) -> Iterator[RowFinding]:
    if not cues:
        return
    shown = quoted(
        [f"{cue.what} → {cue.label} ({cue.curve:.2f})" for cue in sorted(cues, key=lambda one: -one.curve)], 5
    )
    more = Text("a model may learn that instead of the task", "模型可能只学到这一点而不是任务本身")
    what = Text(f"{told.en}: {shown.en}; {more.en}", f"{told.zh}：{shown.zh}；{more.zh}")
    rows = np.logical_or.reduce([cue.rows for cue in cues])
    spots = tuple(sample.rows[place].spot() for place in np.flatnonzero(rows)[:KEPT].tolist())
    yield RowFinding(id, severity, what, int(rows.sum()), spots, rule=rule, effort=REVIEW)
