"""What n test rows can show: power of mid-p McNemar, the smallest difference, the rows needed.

Exact over the two binomials (which rows differ, which way) up to 400 discordant rows; beyond, the normal
approximation of Miettinen 1968, which agrees there to a hundredth.
"""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from taskfit.core.errors import UsageError
from taskfit.core.text import Text
from taskfit.measure.counts import Array

ALPHA = 0.05
POWER = 0.8
DISCORDANCE = 0.15
EXACT_UP_TO = 400


@lru_cache(maxsize=1024)
def power(rows: int, difference: float, discordance: float = DISCORDANCE, *, alpha: float = ALPHA) -> float:
    """Return the chance that mid-p McNemar on `rows` finds a true `difference` (as a share).

    `discordance` is the share of rows that only one rung has right; it is at least the difference.
    """
    discordance = max(discordance, abs(difference))
    if rows <= 0 or discordance <= 0:
        return 0.0
    if rows * discordance > EXACT_UP_TO:
        return _power_normal(rows, difference, discordance, alpha)
    return _power_exact(rows, difference, discordance, alpha)


def smallest_difference(rows: int, discordance: float = DISCORDANCE, *, wanted: float = POWER) -> float | None:
    """Return the smallest true difference found with power `wanted`; None when even 1.0 is not (a few rows)."""
    if power(rows, 1.0, discordance) < wanted:
        return None
    low, high = 0.0, 1.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if power(rows, middle, discordance) >= wanted else (middle, high)
    return high


def rows_needed(difference: float, discordance: float = DISCORDANCE, *, wanted: float = POWER) -> int:
    """Return how many rows find a true `difference` (as a share, above 0) with power `wanted`."""
    if not 0 < difference <= 1:
        raise UsageError(
            Text(
                f"difference = {difference}: must lie above 0 and not above 1",
                f"difference = {difference}：必须大于 0 且不大于 1",
            )
        )
    high = 8
    while power(high, difference, discordance) < wanted:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle, difference, discordance) >= wanted else (middle, high)
    return high


def say_power(rows: int, discordance: float = DISCORDANCE) -> Text:
    """Return one sentence, to be shown before a run, on what this many test rows can show."""
    smallest, needed = smallest_difference(rows, discordance), rows_needed(0.02, discordance)
    share = f"{100 * discordance:.0f}"
    if smallest is None:
        return Text(
            f"With {rows:,} test rows no difference between two rungs can be shown; 2 points would take about {needed:,} rows.",
            f"测试集只有 {rows:,} 行，无法显示两个方法的任何差异；要显示 2 个百分点的差异约需 {needed:,} 行。",
        )
    points = f"{100 * smallest:.1f}"
    return Text(
        f"With {rows:,} test rows, two rungs that differ by {points} points or more are told apart in 80 % of runs (if they "
        f"disagree on {share} % of rows); 2 points would take about {needed:,} rows.",
        f"测试集有 {rows:,} 行：若两个方法在 {share}% 的行上不一致，相差 {points} 个百分点以上时有 80% 的机会区分出来；"
        f"要显示 2 个百分点的差异约需 {needed:,} 行。",
    )


def _power_normal(rows: int, difference: float, discordance: float, alpha: float) -> float:
    normal = NormalDist()
    z = normal.inv_cdf(1 - alpha / 2) * math.sqrt(discordance)
    spread = math.sqrt(max(discordance - difference * difference, 1e-12))
    shift = math.sqrt(rows) * difference
    return normal.cdf((shift - z) / spread) + normal.cdf((-shift - z) / spread)


def _power_exact(rows: int, difference: float, discordance: float, alpha: float) -> float:
    middle, spread = rows * discordance, math.sqrt(rows * discordance * (1 - discordance))
    # Beyond 7 standard deviations (and 20 rows, for small counts) no weight is left.
    low, high = max(0, int(middle - 7 * spread - 20)), min(rows, int(middle + 7 * spread + 20))
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, rows + 1)))])
    differ = np.arange(low, high + 1)
    weight = np.exp(_log_binomial(logs, np.full_like(differ, rows), differ, discordance))
    return float(weight @ _power_given(logs, differ, 0.5 + difference / discordance / 2, alpha))


def _power_given(logs: Array, differ: NDArray[np.int64], chance: float, alpha: float) -> Array:
    """Power when exactly `differ` [K] rows are discordant, each won by the new rung with `chance`."""
    wins = np.arange(int(differ[-1]) + 1)[None, :]  # [1, W]
    rows = differ[:, None]  # [K, 1]
    inside = wins <= rows
    null = np.where(inside, np.exp(_log_binomial(logs, rows, np.minimum(wins, rows), 0.5)), 0.0)
    below = np.cumsum(null, axis=1) - null / 2
    # By symmetry, mid-p of w wins is twice the smaller of the two tails with half the point itself.
    mid_p = 2 * np.minimum(below, 1 - below)
    true = np.where(inside, np.exp(_log_binomial(logs, rows, np.minimum(wins, rows), chance)), 0.0)
    found: Array = (true * (mid_p <= alpha)).sum(axis=1)
    return found


def _log_binomial(logs: Array, rows: NDArray[np.int64], wins: NDArray[np.int64], chance: float) -> Array:
    if chance >= 1.0:
        return np.where(wins == rows, 0.0, -np.inf)
    if chance <= 0.0:
        return np.where(wins == 0, 0.0, -np.inf)
    found: Array = (
        logs[rows] - logs[wins] - logs[rows - wins] + wins * math.log(chance) + (rows - wins) * math.log1p(-chance)
    )
    return found
