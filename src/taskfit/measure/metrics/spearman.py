"""Correlation of ranks: whether a larger number is answered where the gold number is larger."""

from collections.abc import Sequence

import numpy as np

from taskfit.core.text import Text
from taskfit.measure.counts import Array, ratio
from taskfit.measure.numbers import pairs_of

about = Text(
    "rank correlation with the gold numbers (unanswered rows count as unrelated)",
    "与标准数值的秩相关（未答的行按不相关计）",
)
graded = True
corpus = True


def parts(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> Array:
    """Return [rows, 2] whose totals are rho and 1, times the rows: rho plus the influence of each row.

    Ranks depend on all rows, so a resampled rho is taken to first order: its influence function, with mid-ranks for
    ties (Croux and Dehon 2010, doi:10.1007/s10260-010-0142-z). On the rows themselves it is exact.
    """
    del labels
    both, x, y = pairs_of(gold, answers).T
    known = both > 0
    found = np.zeros((len(gold), 2))
    found[:, 1] = 1.0
    if known.sum() > 1:
        found[known, 0] = _rho_and_influence(x[known], y[known])
    return found


def combine(totals: Array) -> Array:
    """Return rho, -1 to 1, of totals [..., 2]."""
    bounded: Array = np.clip(ratio(totals[..., 0], totals[..., 1]), -1.0, 1.0)
    return bounded


def compute(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Return Spearman's rho; 0.0 without rows, or where one side never changes."""
    return float(combine(parts(gold, answers, labels).sum(axis=0)))


def _rho_and_influence(x: Array, y: Array) -> Array:
    """Return rho + influence of each row, [rows]; their mean is rho."""
    f, g = _below(x, np.ones_like(x)), _below(y, np.ones_like(y))
    # Each of E[FG], E[FF], E[GG] moves with a row directly and through the ranks of all rows above it.
    fg = f * g + _above(x, g) + _above(y, f) - 3 * np.mean(f * g)
    ff = f * f + 2 * _above(x, f) - 3 * np.mean(f * f)
    gg = g * g + 2 * _above(y, g) - 3 * np.mean(g * g)
    together, one, other = (np.mean(a * b) - 0.25 for a, b in ((f, g), (f, f), (g, g)))
    if one < 1e-12 or other < 1e-12:
        return np.zeros_like(x)
    rho = together / np.sqrt(one * other)
    moved: Array = rho + fg / np.sqrt(one * other) - rho / 2 * (ff / one + gg / other)
    return moved


def _below(values: Array, weights: Array) -> Array:
    """Return the mean over rows of `weights` below each value, and half of those equal to it."""
    order = np.argsort(values, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    low = sums[np.searchsorted(values[order], values, "left")]
    high = sums[np.searchsorted(values[order], values, "right")]
    mean: Array = (low + high) / (2 * len(values))
    return mean


def _above(values: Array, weights: Array) -> Array:
    """Return the mean over rows of `weights` above each value, and half of those equal to it."""
    return np.mean(weights) - _below(values, weights)
