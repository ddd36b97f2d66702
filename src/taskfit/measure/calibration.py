"""How far the probabilities of a rung can be trusted, and the temperature that mends them.

Expected calibration error with 15 bins: Guo et al. 2017, arXiv:1706.04599. Brier 1950 (sum over labels, 0 to 2).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from taskfit.core.errors import DataError
from taskfit.core.measurement import Calibration, ScoredPrediction
from taskfit.core.text import Text
from taskfit.measure.counts import Array, one_hot

BINS = 15
ROWS_FOR_ECE = 300
SMALLEST = 1e-15
COLDEST, HOTTEST = 0.02, 50.0


def calibrate(rows: Iterable[ScoredPrediction]) -> Calibration | None:
    """Return the calibration of the rows that have scores (the mean over seeds), or None when none has.

    The expected calibration error is None below 300 rows: with fewer it is mostly noise.
    """
    scored = sorted((row for row in rows if row.scores), key=lambda row: row.seed)
    if not scored:
        return None
    found = [_of_one_seed(list(part)) for _, part in groupby(scored, key=lambda row: row.seed)]
    count = len({row.id for row in scored})
    ece, brier, nll = (float(number) for number in np.mean(found, axis=0))
    return Calibration(ece if count >= ROWS_FOR_ECE else None, brier, nll, count)


def fit_temperature(rows: Sequence[ScoredPrediction]) -> float:
    """Return the temperature (0.02 to 50) with the lowest NLL on these dev rows; 1.0 without scores."""
    scored = [row for row in rows if row.scores]
    if not scored:
        return 1.0
    logs, golds = _log_scores(scored)
    # The slope of the NLL in 1 / temperature only rises (the NLL is convex there): bisect where it is 0.
    low, high = math.log(1 / HOTTEST), math.log(1 / COLDEST)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _slope(logs, golds, math.exp(middle)) > 0 else (middle, high)
    return math.exp(-(low + high) / 2)


def with_temperature(rows: Sequence[ScoredPrediction], temperature: float) -> list[ScoredPrediction]:
    """Return the rows with their scores divided by `temperature` and normalised again; answers do not change."""
    return [replace(row, scores=_softened(row.scores, temperature)) if row.scores else row for row in rows]


def _of_one_seed(rows: list[ScoredPrediction]) -> tuple[float, float, float]:
    logs, golds = _log_scores(rows)
    chances = np.exp(logs)
    of_gold = (chances * golds).sum(axis=1)
    brier = float(((chances - golds) ** 2).sum(axis=1).mean())
    # A gold label without any score adds its own square: it was given probability 0.
    brier += float((golds.sum(axis=1) == 0).mean())
    nll = float(-np.log(np.maximum(of_gold, SMALLEST)).mean())
    right = golds[np.arange(len(rows)), chances.argmax(axis=1)]
    return _ece(chances.max(axis=1), right), brier, nll


def _ece(confidence: Array, right: Array) -> float:
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gap = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(np.abs(gap).sum() / len(confidence))


def _log_scores(rows: Sequence[ScoredPrediction]) -> tuple[Array, Array]:
    """Log-probabilities and gold marks: [rows, labels] each."""
    labels = sorted({label for row in rows for label in row.scores or {}})
    logs = np.array([[(row.scores or {}).get(label, -math.inf) for label in labels] for row in rows])
    broken = [row.id for row, line in zip(rows, logs, strict=True) if np.isnan(line).any() or line.max() == -math.inf]
    if broken:
        raise DataError(
            Text(
                f"{len(broken)} rows have scores that are not numbers, such as {', '.join(broken[:3])}",
                f"{len(broken)} 行的得分不是数字，例如 {', '.join(broken[:3])}",
            ),
            todo=Text("check the model for overflow", "请检查模型是否溢出"),
        )
    return _normalised(logs), one_hot([row.gold for row in rows], labels)


def _normalised(logs: Array) -> Array:
    top = logs.max(axis=1, keepdims=True)
    result: Array = logs - top - np.log(np.exp(logs - top).sum(axis=1, keepdims=True))
    return result


def _slope(logs: Array, golds: Array, sharpness: float) -> float:
    finite = np.maximum(logs, math.log(SMALLEST))
    chances = np.exp(_normalised(finite * sharpness))
    known = golds.sum(axis=1) > 0
    return float(((chances - golds) * finite)[known].sum())


def _softened(scores: Mapping[str, float] | None, temperature: float) -> dict[str, float]:
    assert scores
    logs = _normalised(np.array([list(scores.values())]) / temperature)[0]
    return {label: float(log) for label, log in zip(scores, logs, strict=True)}
