"""How well a judge agrees with people: Cohen's kappa with quadratic weights, and the share of equal decisions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GOOD = 0.6
DRAWS = 1000


@dataclass(frozen=True)
class Agreement:
    """Kappa with its 95 % interval, the share of rows on which both decide alike, and how many rows were compared."""

    kappa: float
    low: float
    high: float
    decisions: float
    rows: int


def agreement(judge: Sequence[float], people: Sequence[float], *, least: float, seed: int = 0) -> Agreement | None:
    """Return how the scores of a judge agree with those of people on the same rows; None without variety to agree on.

    Cohen 1968, "Weighted kappa"; the interval is a percentile bootstrap over rows. `least`: the score from which a row is kept.
    """
    one, other = np.asarray(judge, dtype=np.float64), np.asarray(people, dtype=np.float64)
    kappa = _kappa(one, other)
    if kappa is None:
        return None
    dice = np.random.default_rng(seed)
    draws = (dice.integers(0, len(one), len(one)) for _ in range(DRAWS))
    drawn = [value for places in draws if (value := _kappa(one[places], other[places])) is not None]
    low, high = np.quantile(drawn, [0.025, 0.975])
    alike = float(np.mean((one >= least) == (other >= least)))
    return Agreement(kappa, float(low), float(high), alike, len(one))


def _kappa(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Return 1 - observed / expected squared distance; None when neither varies."""
    if not len(one):
        return None
    observed = float(np.mean((one - other) ** 2))
    expected = float(np.var(one) + np.var(other) + (np.mean(one) - np.mean(other)) ** 2)
    return None if expected == 0 else 1 - observed / expected
