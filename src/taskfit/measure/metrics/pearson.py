"""Correlation of the numbers answered with the gold numbers: how well one is a straight line of the other."""

from collections.abc import Sequence

from taskfit.core.text import Text
from taskfit.measure.counts import Array
from taskfit.measure.numbers import correlation, moments, pairs_of

about = Text(
    "linear correlation with the gold numbers (unanswered rows count as unrelated)",
    "与标准数值的线性相关（未答的行按不相关计）",
)
graded = True
corpus = True


def parts(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> Array:
    """Return [rows, 7]: what adds up of two numbers (see `moments`)."""
    del labels
    return moments(pairs_of(gold, answers))


def combine(totals: Array) -> Array:
    """Return the correlation, -1 to 1, of totals [..., 7]; 0 where one side never changes."""
    return correlation(totals)


def compute(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Return Pearson's r; 0.0 without rows."""
    return float(combine(parts(gold, answers, labels).sum(axis=0)))
