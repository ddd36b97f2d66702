"""Numbers answered beside the numbers asked for, and what adds up of them over rows."""

from collections.abc import Sequence

import numpy as np

from taskfit.core.target import number_of
from taskfit.measure.counts import Array, ratio


def pairs_of(gold: Sequence[str], answers: Sequence[str | None]) -> Array:
    """Return [rows, 3]: 1 where there are both numbers (else 0), the gold number, the answer (0 where missing)."""
    found = np.zeros((len(gold), 3))
    for row, (target, answer) in enumerate(zip(gold, answers, strict=True)):
        wanted, given = number_of(target), None if answer is None else number_of(answer)
        if wanted is not None and given is not None:
            found[row] = 1.0, wanted, given
    return found


def correlation(totals: Array) -> Array:
    """Return the correlation of totals [..., 7]: rows, both, x, y, xx, yy, xy; times the share of rows with both.

    Unanswered rows thus count as unrelated. 0 where x or y never changes.
    """
    rows, both, x, y, xx, yy, xy = np.moveaxis(totals, -1, 0)
    spread = np.sqrt(np.maximum(_spread(both, xx, x), 0.0) * np.maximum(_spread(both, yy, y), 0.0))
    found = ratio(both * xy - x * y, spread)
    bounded: Array = np.clip(found, -1.0, 1.0) * ratio(both, rows)
    return bounded


def known_ratio(above: Array, below: Array) -> Array:
    """Return above / below, and nan where `below` is 0: an error of nothing is no small error."""
    found: Array = np.where(below > 0, ratio(above, below), np.nan)
    return found


def moments(pairs: Array) -> Array:
    """Return what `correlation` adds up, [rows, 7], of pairs [rows, 3]."""
    both, x, y = pairs.T
    return np.stack([np.ones_like(both), both, x, y, x * x, y * y, x * y], axis=-1)


def _spread(rows: Array, squares: Array, total: Array) -> Array:
    """n^2 times the variance; what is only rounding is none."""
    found = rows * squares - total * total
    return np.where(found > 1e-12 * rows * squares, found, 0.0)
