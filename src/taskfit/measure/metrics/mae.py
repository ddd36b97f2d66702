"""Mean distance between the number answered and the gold number; lower is better."""

from collections.abc import Sequence

import numpy as np

from taskfit.core.text import Text
from taskfit.measure.counts import Array
from taskfit.measure.numbers import known_ratio, pairs_of

about = Text(
    "mean absolute error; lower is better (unanswered rows are left out)", "平均绝对误差，越小越好（不计未答的行）"
)
graded = True
corpus = True
error = True


def parts(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> Array:
    """Return [rows, 2]: the distance, and 1 where there is an answer."""
    del labels
    both, wanted, given = pairs_of(gold, answers).T
    return np.stack([abs(wanted - given), both], axis=-1)


def combine(totals: Array) -> Array:
    """Return the mean distance of totals [..., 2]; undefined (nan) without any answer."""
    return known_ratio(totals[..., 0], totals[..., 1])


def compute(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Return the mean absolute error; undefined (nan) without any answer."""
    return float(combine(parts(gold, answers, labels).sum(axis=0)))
