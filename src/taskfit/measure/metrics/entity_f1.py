"""F1 of entities: an entity is right when its first and last character and its kind are; all kinds together (micro)."""

from collections.abc import Sequence

import numpy as np

from taskfit.core.target import spans_of
from taskfit.core.text import Text
from taskfit.measure.counts import Array, ratio

about = Text("F1 over entities with exact place and kind", "实体 F1（位置与类别都须完全一致）")
graded = False
corpus = True


def parts(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> Array:
    """Return [rows, 2]: entities found, entities asked for plus entities answered."""
    del labels
    counts = np.zeros((len(gold), 2))
    for row, (target, answer) in enumerate(zip(gold, answers, strict=True)):
        wanted, given = set(spans_of(target) or ()), set(spans_of(answer or "") or ())
        counts[row] = len(wanted & given), len(wanted) + len(given)
    return counts


def combine(totals: Array) -> Array:
    """Return the F1 of totals [..., 2]."""
    return ratio(2 * totals[..., 0], totals[..., 1])


def compute(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Return the F1; 0.0 without any entity, as seqeval has it."""
    return float(combine(parts(gold, answers, labels).sum(axis=0)))
