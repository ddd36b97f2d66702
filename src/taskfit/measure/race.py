"""A race between two rungs that may be looked at after every row: two e-processes bet on the difference.

By Ville's inequality the chance of ever being wrong is at most alpha, however often one looks (Waudby-Smith and
Ramdas 2024, arXiv:2010.09686). For dev rows; the final table still uses the whole untouched test split.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from taskfit.core.errors import UsageError
from taskfit.core.measurement import Interval
from taskfit.core.text import Text
from taskfit.measure.counts import Array

BETS = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7])
EVERY = 25
GRID = np.linspace(-1.0, 1.0, 2001)

Outcome = Literal["climb", "stop", "open"]


@dataclass(frozen=True)
class Race:
    """How the race stands. `differences` are new - old of the rows so far, each in [-1, 1].

    "climb": the gain is above 0. "stop": the gain is below `margin` (a share). "open": neither is known yet;
    when the rows run out, the cheaper rung wins.
    """

    margin: float
    alpha: float = 0.05
    differences: tuple[float, ...] = ()

    def after(self, differences: Iterable[float]) -> "Race":
        """Return the race with these rows scored too; a race that is decided takes no more rows."""
        added = tuple(float(one) for one in differences)
        if any(not -1 <= one <= 1 for one in added):
            raise UsageError(Text("a difference must lie between -1 and 1", "差值必须在 -1 与 1 之间"))
        return self if self.outcome != "open" else replace(self, differences=self.differences + added)

    @cached_property
    def outcome(self) -> Outcome:
        """What is known at the level alpha; a gain between 0 and the margin can prove both, then it climbs."""
        if self.evidence_of_gain >= 1 / self.alpha:
            return "climb"
        return "stop" if self.evidence_against_margin >= 1 / self.alpha else "open"

    @property
    def evidence_of_gain(self) -> float:
        """The e-value against "gain <= 0"."""
        return float(_capital(np.array(self.differences), np.array([0.0]))[0])

    @property
    def evidence_against_margin(self) -> float:
        """The e-value against "gain >= margin"."""
        return float(_capital(-np.array(self.differences), np.array([-self.margin]))[0])

    @property
    def interval(self) -> Interval:
        """The mean difference so far and the gains not refuted; each end is wrong with chance alpha at most."""
        values = np.array(self.differences)
        left = GRID[(_capital(values, GRID) < 1 / self.alpha) & (_capital(-values, -GRID) < 1 / self.alpha)]
        mean = float(values.mean()) if len(values) else 0.0
        low, high = (float(left[0]), float(left[-1])) if len(left) else (mean, mean)
        return Interval(mean, min(low, mean), max(high, mean), 1 - 2 * self.alpha, "anytime-valid")


def race(
    rows: int,
    difference: Callable[[Sequence[int]], Iterable[float]],
    *,
    margin: float,
    alpha: float = 0.05,
    every: int = EVERY,
    seed: int = 0,
) -> Race:
    """Score rows 0 .. rows-1 in one fixed random order, `every` at a time, until the race is decided.

    `difference` scores the rows of the given numbers and returns new - old for each.
    """
    order = [int(place) for place in np.random.default_rng(seed).permutation(rows)]
    state = Race(margin, alpha)
    for start in range(0, rows, every):
        state = state.after(difference(order[start : start + every]))
        if state.outcome != "open":
            break
    return state


def _capital(values: Array, means: Array) -> Array:
    """What a gambler against "the mean is at most m" holds, having started with 1: [means]."""
    kinds, counts = np.unique(values, return_counts=True)
    # [means, bets, kinds]; a bet of l / (1 + |m|) can never lose everything.
    bets = BETS[None, :, None] / (1 + np.abs(means))[:, None, None]
    logs = (np.log1p(bets * (kinds[None, None, :] - means[:, None, None])) * counts).sum(axis=2)
    held: Array = np.exp(np.minimum(logs, math.log(1e300))).mean(axis=1)
    return held
