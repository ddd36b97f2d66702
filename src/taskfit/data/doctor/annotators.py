"""Annotators of the same rows: how far they agree beyond chance, and who labels otherwise than the others."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from taskfit.core.text import Text
from taskfit.data.agreement import MISSING, agreement_of
from taskfit.data.checking import Check, Chunk, Means, Whole, threshold
from taskfit.data.finding import COLLECT, KEPT, REVIEW, RowFinding, Severity, Spot, spot
from taskfit.data.label_tally import label_of
from taskfit.data.labels import is_closed, is_numeric
from taskfit.data.said import said_in

WORST = 3


@dataclass(frozen=True)
class Votes:
    """Who gave which label to which text (by the hash of it), and the first row of each text."""

    votes: tuple[tuple[int, str, str], ...] = ()
    spots: Mapping[int, Spot] = field(default_factory=dict)


@dataclass(frozen=True)
class Ratings:
    """The votes as a table [annotators, texts] of label numbers; -1 where an annotator did not see a text."""

    annotators: tuple[str, ...]
    texts: tuple[int, ...]
    labels: tuple[str, ...]
    table: NDArray[np.int64]


@dataclass(frozen=True)
class Annotators(Check[Votes]):
    """Agreement and bias of annotators, where rows say who labelled them."""

    title: ClassVar[Text] = Text("annotators who disagree", "标注者一致性")
    block: float = threshold(0.4, "agreement below which this blocks", "一致性低于此值时阻止训练")
    warn: float = threshold(0.67, "agreement below which this warns", "一致性低于此值时警告")
    items: int = threshold(20, "texts with two labels from which agreement is told", "至少多少条重复标注才计算一致性")
    p: float = threshold(
        0.01, "p-value (Holm) below which an annotator labels otherwise", "判定标注者有偏的 p 值（Holm 校正）"
    )

    def map(self, chunk: Chunk, means: Means) -> Votes:  # noqa: ARG002
        """Return the votes of rows that name their annotator."""
        if not any("annotator" in record.about for record in chunk.records):
            return Votes()
        keys = chunk.shared(said_in).asked_keys.tolist()
        votes: list[tuple[int, str, str]] = []
        spots: dict[int, Spot] = {}
        for record, answer, key in zip(chunk.records, chunk.answers, keys, strict=True):
            annotator, label = record.about.get("annotator"), label_of(record.kind, answer)
            if annotator and label is not None:
                votes.append((key, annotator, label))
                spots.setdefault(key, spot(record))
        return Votes(tuple(votes), spots)

    def merge(self, one: Votes, other: Votes) -> Votes:
        """Return the votes of both."""
        return Votes((*one.votes, *other.votes), {**other.spots, **one.spots})

    def finish(self, part: Votes, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield the agreement when it is low, and annotators who label otherwise."""
        if not part.votes or not is_closed([label for _, _, label in part.votes]):
            return
        ratings = ratings_of(part)
        several = (ratings.table != MISSING).sum(axis=0) >= 2
        if several.sum() < self.items:
            return
        yield from self._agreement(ratings, several, part)
        yield from self._bias(ratings, part)

    def _agreement(self, ratings: Ratings, several: NDArray[np.bool_], part: Votes) -> Iterator[RowFinding]:
        ordinal = all(is_numeric(label) for label in ratings.labels) and len(ratings.labels) > 2
        found = agreement_of(ratings.table[:, several], level="ordinal" if ordinal else "nominal")
        severity: Severity = "block" if found.value < self.block else "warn" if found.value < self.warn else "info"
        pairs, apart = _disputes(ratings)
        told = ", ".join(f"{one} / {other} ({count})" for (one, other), count in pairs.most_common(WORST)) or "-"
        lonely = min(_with_others(ratings).items(), key=lambda one: one[1], default=("-", 1.0))
        what = Text(
            f"annotators agree with {found.name} {found.value:.2f} (95 % interval {found.low:.2f} to {found.high:.2f}) on "
            f"{int(several.sum()):,} texts; most disputed: {told}; '{lonely[0]}' agrees least with the others ({lonely[1]:.0%})",
            f"标注者在 {int(several.sum()):,} 条文本上的一致性：{found.name} = {found.value:.2f}（95% 区间 {found.low:.2f} 至 "
            f"{found.high:.2f}）；争议最多：{told}；'{lonely[0]}' 与他人最不一致（{lonely[1]:.0%}）",
        )
        rule = Text(
            f"two annotators: Cohen's kappa; a whole table: Fleiss'; else, or for numbers in order, Krippendorff's alpha; "
            f"below {self.block} it blocks, below {self.warn} it warns: mend the guideline, then label again",
            f"两名标注者用 Cohen κ；完整表格用 Fleiss κ；有缺失或有序数字用 Krippendorff α；低于 {self.block} 阻止，"
            f"低于 {self.warn} 警告：请先修订标注指南，再重新标注",
        )
        shown = tuple(part.spots[ratings.texts[place]] for place in apart[:KEPT].tolist())
        if severity != "info" or len(apart):
            yield RowFinding(
                "agreement", severity, what, max(1, len(apart)), shown, rule=rule,
                effort=REVIEW if severity == "info" else COLLECT,
            )  # fmt: skip

    def _bias(self, ratings: Ratings, part: Votes) -> Iterator[RowFinding]:
        odd = [(p, place) for place, p in enumerate(biases(ratings)) if p < self.p]
        if not odd:
            return
        names = ", ".join(f"'{ratings.annotators[place]}' (p = {p:.1g})" for p, place in sorted(odd)[:10])
        what = Text(
            f"{len(odd)} annotators give labels in other shares than the others do on the same texts: {names}",
            f"{len(odd)} 名标注者在相同文本上给出的标签比例与其他人不同：{names}",
        )
        rule = Text(
            f"chi-square test of an annotator's labels against those of the others on the same texts, Holm over all "
            f"annotators; below {self.p} it warns",
            f"对同一批文本，比较某标注者与其他人的标签（卡方检验，Holm 校正）；低于 {self.p} 时警告",
        )
        seen = np.flatnonzero((ratings.table[[place for _, place in odd]] != MISSING).any(axis=0))
        shown = tuple(part.spots[ratings.texts[place]] for place in seen[:KEPT].tolist())
        yield RowFinding("annotator_bias", "warn", what, len(odd), shown, rule=rule, effort=REVIEW, rows=len(seen))


def ratings_of(part: Votes) -> Ratings:
    """Return the votes as a table; of several votes of one annotator on one text the last counts."""
    annotators = tuple(sorted({annotator for _, annotator, _ in part.votes}))
    labels = {label for _, _, label in part.votes}
    in_order = sorted(labels, key=float) if all(is_numeric(label) for label in labels) else sorted(labels)
    texts = tuple(dict.fromkeys(key for key, _, _ in part.votes))
    row, number = ({name: place for place, name in enumerate(names)} for names in (annotators, in_order))
    column = {key: place for place, key in enumerate(texts)}
    table = np.full((len(annotators), len(texts)), MISSING, np.int64)
    for key, annotator, label in part.votes:
        table[row[annotator], column[key]] = number[label]
    return Ratings(annotators, texts, tuple(in_order), table)


def biases(ratings: Ratings) -> list[float]:
    """Return for each annotator the p-value (Holm) that the labels are drawn as the others draw on the same texts."""
    from scipy.stats import chi2_contingency

    raw = []
    for place, own in enumerate(ratings.table):
        others = np.delete(ratings.table, place, axis=0)
        both = (own != MISSING) & (others != MISSING).any(axis=0)
        ours = np.bincount(own[both], minlength=len(ratings.labels))
        theirs = np.bincount(others[:, both][others[:, both] != MISSING], minlength=len(ratings.labels))
        table = np.stack((ours, theirs))[:, (ours + theirs) > 0]
        enough = table.shape[1] > 1 and table.sum(axis=1).min() >= 20
        raw.append(float(chi2_contingency(table).pvalue) if enough else 1.0)
    order = np.argsort(raw, kind="stable")
    adjusted, highest = [1.0] * len(raw), 0.0
    for rank, place in enumerate(order.tolist()):
        highest = max(highest, min(1.0, raw[place] * (len(raw) - rank)))
        adjusted[place] = highest
    return adjusted


def _disputes(ratings: Ratings) -> tuple[Counter[tuple[str, str]], NDArray[np.int64]]:
    """Return how often two labels stand against each other on a text, and the texts with more than one label."""
    pairs: Counter[tuple[str, str]] = Counter()
    apart = []
    for place, column in enumerate(ratings.table.T):
        given = sorted(set(column[column != MISSING].tolist()))
        if len(given) > 1:
            apart.append(place)
        pairs.update(
            (ratings.labels[one], ratings.labels[other]) for at, one in enumerate(given) for other in given[at + 1 :]
        )
    return pairs, np.array(apart, np.int64)


def _with_others(ratings: Ratings) -> dict[str, float]:
    """Return how often each annotator gives the label of another annotator of the same text."""
    shares: dict[str, float] = {}
    for place, own in enumerate(ratings.table):
        others = np.delete(ratings.table, place, axis=0)
        both = (own != MISSING) & (others != MISSING)
        if both.any():
            shares[ratings.annotators[place]] = float((others == own)[both].mean())
    return shares
