"""Mean over labels of the share of their rows answered right: every label counts the same, however rare."""

from collections.abc import Sequence

import numpy as np

from taskfit.core.text import Text
from taskfit.measure.counts import Array, mean_where, one_hot, ratio

about = Text("accuracy with every label counting the same", "各类别权重相同的准确率")
graded = False
corpus = True


def parts(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> Array:
    """Return [rows, 2 x labels]: right answers, rows asked."""
    labels = labels or sorted(set(gold))
    asked = one_hot(gold, labels)
    return np.concatenate([asked * one_hot(answers, labels), asked], axis=-1)


def combine(totals: Array) -> Array:
    """Return the mean recall over the labels that have rows; totals are [..., 2 x labels]."""
    hits, asked = np.split(totals, 2, axis=-1)
    return mean_where(ratio(hits, asked), asked > 0)


def compute(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Return the balanced accuracy; 0.0 without rows."""
    return float(combine(parts(gold, answers, labels).sum(axis=0)))
