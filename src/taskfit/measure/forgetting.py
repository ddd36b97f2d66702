"""Forgetting as statistics: changes against the base with paired intervals, similarity of features, what counts as lost.

Pure functions of arrays; how a model is probed stands in forgetting_probes.py.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from taskfit.core.measurement import Forgetting, Interval, Probe
from taskfit.measure.counts import Array, ratio
from taskfit.measure.interval import Sample, bootstrap, z_of
from taskfit.measure.paired import difference_of_shares

RESAMPLES = 2000
# From here on a rung is said to forget; each also has to be beyond chance (its interval leaves out 0).
KL_LOST, LOSS_LOST, SKILL_LOST, FEATURES_LOST = 0.1, 0.1, 0.02, 0.1


def mean_per_token(totals: Array, tokens: Array) -> Interval:
    """Return sum(totals) / sum(tokens) over texts with its bootstrap interval; whole texts are drawn.

    `totals` are sums per text of what a token has (its divergence, or its change of loss), so the interval of a change
    is a paired one.
    """
    parts = np.stack([totals, tokens], axis=-1)[None].astype(np.float64)
    return bootstrap(Sample(parts, lambda sums: ratio(sums[..., 0], sums[..., 1])), resamples=RESAMPLES)


def skill_change(base: Sequence[float], adapted: Sequence[float]) -> Interval:
    """Return the paired change of the mean of values between 0 and 1 (1: right), with its interval."""
    old, new = np.asarray(base, dtype=np.float64), np.asarray(adapted, dtype=np.float64)
    if np.isin(np.concatenate([old, new]), (0.0, 1.0)).all():
        return difference_of_shares(int((old > new).sum()), int((new > old).sum()), len(old))
    return mean_per_token(new - old, np.ones(len(old)))


def linear_cka(x: Array, y: Array) -> float:
    """Return the linear CKA of two sets of features [texts, width], 1 for the same up to rotation and scale.

    |Y'X|^2 / (|X'X| |Y'Y|) of features without their mean, |.| the Frobenius norm: Kornblith et al. 2019,
    arXiv:1905.00414, section 3; computed from the tables [texts, texts] of inner products.
    """
    first, second = _inner(x), _inner(y)
    below = math.sqrt(float((first * first).sum()) * float((second * second).sum()))
    return float((first * second).sum()) / below if below else 0.0


def cka_interval(x: Array, y: Array) -> Interval:
    """Return the CKA with its jackknife interval: how much it changes when each text is left out in turn."""
    count, found = len(x), linear_cka(x, y)
    without = np.array([linear_cka(np.delete(x, one, 0), np.delete(y, one, 0)) for one in range(count)])
    half = z_of(0.95) * math.sqrt((count - 1) / count * float(((without - without.mean()) ** 2).sum()))
    return Interval(found, max(0.0, found - half), min(1.0, found + half), how="jackknife over texts")


def cosines(x: Array, y: Array) -> Array:
    """Return the cosine of each line of `x` with the same line of `y`; 0 where one of them is 0."""
    return ratio((x * y).sum(-1), np.sqrt((x * x).sum(-1) * (y * y).sum(-1)))


def is_lost(probe: Probe) -> bool:
    """Return whether a probe shows a loss that counts: beyond its threshold, and beyond chance."""
    change = probe.change
    if probe.kind == "kl":
        return change.estimate >= KL_LOST
    if probe.kind == "loss":
        return change.estimate >= LOSS_LOST and change.low > 0
    if probe.kind == "skill":
        return change.estimate <= -SKILL_LOST and change.high < 0
    return change.estimate <= -FEATURES_LOST and change.high < 0


def lost(found: Forgetting | None) -> tuple[Probe, ...]:
    """Return the probes that show a loss that counts."""
    return tuple(one for one in found.probes if is_lost(one)) if found else ()


def elsewhere(found: Forgetting | None) -> float | None:
    """Return the loss elsewhere in nats per token: the mean change over the sets of general text; None if not measured."""
    if found is None or found.state == "unknown":
        return None
    if found.state == "unchanged":
        return 0.0
    changes = [one.change.estimate for one in found.probes if one.kind == "loss"]
    return sum(changes) / len(changes) if changes else None


def for_limits(found: Forgetting | None) -> Mapping[str, float]:
    """Return the numbers that limits are about: `kl` in nats per token, skills in points (upper bound of the change)."""
    if found is None:
        return {}
    skills = {one.name: 100 * one.change.high for one in found.probes if one.kind == "skill"}
    return {one.name: one.change.estimate for one in found.probes if one.kind == "kl"} | skills


def _inner(x: Array) -> Array:
    centred = np.asarray(x, dtype=np.float64) - np.asarray(x, dtype=np.float64).mean(0)
    table: Array = centred @ centred.T
    return table
