"""F1 of all labels of all rows counted together; where each row has one label, this is the accuracy."""

from collections.abc import Sequence

import numpy as np

from taskfit.core.text import Text
from taskfit.measure.counts import Array, listed, ratio

about = Text("F1 over all labels of all rows together", "所有行的全部标签合并计算的 F1")
graded = False
corpus = True


def parts(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> Array:
    """Return [rows, 2]: labels found, labels asked for plus labels answered."""
    del labels
    pairs = [(set(listed(target)), set(listed(answer))) for target, answer in zip(gold, answers, strict=True)]
    return np.array([(len(a & b), len(a) + len(b)) for a, b in pairs], dtype=np.float64).reshape(len(pairs), 2)


def combine(totals: Array) -> Array:
    """Return the F1 of totals [..., 2]."""
    return ratio(2 * totals[..., 0], totals[..., 1])


def compute(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Return the micro-averaged F1; 0.0 without any label."""
    return float(combine(parts(gold, answers, labels).sum(axis=0)))
