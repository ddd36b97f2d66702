"""Two rungs on the same rows: mid-p McNemar, paired bootstrap of the difference, Holm's correction.

Mid-p McNemar: Fagerland, Lydersen, Laake 2013, doi:10.1186/1471-2288-13-91. Interval of a paired difference of
shares: Bonett and Price 2012, doi:10.1177/1076998611411915 eq. 8. Holm 1979.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from taskfit.core.errors import UsageError
from taskfit.core.measurement import Comparison, Interval, ScoredPrediction
from taskfit.core.text import Text
from taskfit.measure.counts import Array
from taskfit.measure.interval import (
    LEVEL,
    RESAMPLE_SEED,
    RESAMPLES,
    Sample,
    grouped_sample,
    how_of,
    percentiles,
    resample_rows,
    resample_seeds,
    unbiased,
    z_of,
)
from taskfit.measure.metric import Metric, find_metric
from taskfit.measure.table import Table, refuse_unpaired, table_of


@dataclass(frozen=True)
class Side:
    """One rung, prepared for being compared: its table, its sample, its resampled values [resamples] if needed."""

    name: str
    table: Table
    sample: Sample
    right: Array
    draws: Array | None

    @property
    def value(self) -> float:
        """The metric on all rows, as the mean over seeds."""
        return float(self.sample.by_seed.mean())


@lru_cache(maxsize=4096)
def mcnemar(only_old: int, only_new: int) -> float:
    """Return the two-sided mid-p of McNemar's exact test from the two discordant counts; 1.0 without any."""
    rows, fewer = only_old + only_new, min(only_old, only_new)
    if rows == 0:
        return 1.0
    logs = np.zeros(fewer + 1)
    steps = np.arange(1, fewer + 1)
    logs[1:] = np.cumsum(np.log((rows - steps + 1) / steps))
    chances = np.exp(logs - rows * math.log(2.0))
    return min(1.0, float(2 * chances.sum() - chances[-1]))


def difference_of_shares(only_old: int, only_new: int, rows: int, *, level: float = LEVEL) -> Interval:
    """Return the difference of two paired shares (new - old) with the interval of Bonett and Price."""
    plus = rows + 2
    middle = (only_new - only_old) / plus
    spread = math.sqrt((only_new + only_old + 2) / plus - middle * middle) / math.sqrt(plus)
    estimate, half = (only_new - only_old) / rows, z_of(level) * spread
    return Interval(estimate, max(-1.0, middle - half), min(1.0, middle + half), level, "Bonett-Price")


def bootstrap_p(draws: Array) -> float:
    """Return the two-sided p of "no difference" from resampled differences; never 0."""
    side = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return min(1.0, 2 * (side + 1) / (len(draws) + 1))


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p-values after Holm's step-down correction, in the order given."""
    corrected = [0.0] * len(ps)
    highest = 0.0
    for done, place in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        highest = max(highest, min(1.0, (len(ps) - done) * ps[place]))
        corrected[place] = highest
    return corrected


def compare(
    old: Sequence[ScoredPrediction],
    new: Sequence[ScoredPrediction],
    *,
    metric: str,
    planned: bool = True,
    names: tuple[str, str] = ("old", "new"),
    labels: Sequence[str] = (),
) -> Comparison:
    """Compare two rungs on the same rows; raise DataError when rows are missing on one side or doubled.

    `p_holm` equals `p` until the caller corrects it. `labels` matter to metrics that average over labels.
    """
    if names[0] == names[1]:
        raise UsageError(
            Text(f"'{names[0]}' cannot be compared with itself", f"'{names[0]}' 不能与自己比较"),
            todo=Text("give the two rungs different names", "请给两个方法不同的名称"),
        )
    found = find_metric(metric)
    old_side, new_side = prepare({names[0]: old, names[1]: new}, found, labels)
    return replace(compare_sides(old_side, new_side, found), planned=planned)


def prepare(
    rows_by_rung: Mapping[str, Sequence[ScoredPrediction]], metric: Metric, labels: Sequence[str]
) -> tuple[Side, ...]:
    """Return each rung ready for `compare_sides`, all resampled with the same rows drawn."""
    tables = {name: table_of(rows, name) for name, rows in rows_by_rung.items()}
    first = next(iter(tables))
    for name in tables:
        refuse_unpaired(tables[first], tables[name], (first, name))
    groups = tables[first].unit_of_row
    samples = [grouped_sample(table.parts(metric, labels), groups, metric.combine) for table in tables.values()]
    draws: list[Array | None] = [None] * len(samples)
    if not all(_exact(table, metric) for table in tables.values()):
        drawn = resample_rows(samples, resamples=RESAMPLES, seed=RESAMPLE_SEED)
        # Seeds of different rungs have nothing in common, so each rung draws its own.
        draws = [resample_seeds(one, seed=RESAMPLE_SEED + 1 + place) for place, one in enumerate(drawn)]
    return tuple(
        Side(name, tables[name], sample, _right(tables[name], metric), one)
        for name, sample, one in zip(tables, samples, draws, strict=True)
    )


def compare_sides(old: Side, new: Side, metric: Metric) -> Comparison:
    """Compare two prepared rungs.

    Right or wrong, one seed, no groups: mid-p McNemar. Else the paired bootstrap, whose p is about the same
    mean over seeds as its interval (a majority of seeds would be a better rung than each of them).
    """
    only_old = int(((old.right > 0.5) & (new.right <= 0.5)).sum())
    only_new = int(((new.right > 0.5) & (old.right <= 0.5)).sum())
    rows = len(old.table.ids)
    same = bool((old.right == new.right).all())
    if metric.binary and (same or (_exact(old.table, metric) and _exact(new.table, metric))):
        p, difference = mcnemar(only_old, only_new), difference_of_shares(only_old, only_new, rows)
        return Comparison(old.name, new.name, difference, p, p, only_old, only_new)
    assert old.draws is not None
    assert new.draws is not None
    estimate = new.value - old.value
    draws = unbiased(new.draws - old.draws, estimate)
    p = bootstrap_p(draws)
    difference = percentiles(estimate, draws, how=f"paired {how_of(old.sample, new.sample)}")
    return Comparison(old.name, new.name, difference, p, p, only_old, only_new)


def _exact(table: Table, metric: Metric) -> bool:
    return metric.binary and len(table.seeds) == 1 and not table.grouped


def _right(table: Table, metric: Metric) -> Array:
    """The mean value of each row over seeds: [rows]."""
    values = [
        [metric.value(gold, answer) for gold, answer in zip(table.golds, answers, strict=True)]
        for answers in table.answers
    ]
    means: Array = np.array(values, dtype=np.float64).mean(axis=0)
    return means
