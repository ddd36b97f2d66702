"""Mean over labels of their F1. A label that is neither asked for nor answered does not count."""

from collections.abc import Sequence

import numpy as np

from taskfit.core.text import Text
from taskfit.measure.counts import Array, mean_where, one_hot, ratio

about = Text("F1 averaged over the labels", "各类别 F1 的平均")
graded = False
corpus = True


def parts(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> Array:
    """Return [rows, 2 x labels]: right answers, rows asked plus rows answered."""
    labels = labels or sorted(set(gold))
    asked, answered = one_hot(gold, labels), one_hot(answers, labels)
    return np.concatenate([asked * answered, asked + answered], axis=-1)


def combine(totals: Array) -> Array:
    """Return the mean F1 over the labels that occur; totals are [..., 2 x labels]."""
    hits, used = np.split(totals, 2, axis=-1)
    return mean_where(ratio(2 * hits, used), used > 0)


def compute(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Return the macro-averaged F1; 0.0 without rows."""
    return float(combine(parts(gold, answers, labels).sum(axis=0)))
