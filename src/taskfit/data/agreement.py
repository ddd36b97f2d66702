"""How far annotators agree beyond chance: Cohen's and Fleiss' kappa, Krippendorff's alpha, with bootstrap intervals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]
Level = Literal["nominal", "ordinal"]

MISSING = -1
DRAWS = 500


@dataclass(frozen=True)
class Agreement:
    """A coefficient (1: perfect, 0: as by chance) with its 95 % interval over the items."""

    name: str
    value: float
    low: float
    high: float


def cohen_kappa(one: Numbers, other: Numbers, *, level: Level = "nominal") -> float:
    """Return the kappa of two annotators of the same items (Cohen 1960); "ordinal" weights quadratically (1968).

    1 when both give one and the same label throughout.
    """
    classes = int(max(one.max(), other.max())) + 1
    table = np.zeros((classes, classes))
    np.add.at(table, (one, other), 1)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    places = np.arange(classes)
    apart = np.subtract.outer(places, places)
    cost = (apart != 0).astype(float) if level == "nominal" else apart.astype(float) ** 2
    chance = float((cost * expected).sum())
    return 1.0 if chance == 0 else 1 - float((cost * table).sum()) / chance


def fleiss_kappa(counts: Numbers) -> float:
    """Return the kappa of equally many annotators per item (Fleiss 1971); `counts` is [items, classes]."""
    raters = int(counts[0].sum())
    if raters < 2 or not (counts.sum(axis=1) == raters).all():
        raise ValueError("every item needs the same number of annotators, at least two")
    share = counts.sum(axis=0) / counts.sum()
    agreed = ((counts**2).sum(axis=1) - raters) / (raters * (raters - 1))
    chance = float((share**2).sum())
    return 1.0 if chance == 1 else (float(agreed.mean()) - chance) / (1 - chance)


def krippendorff_alpha(ratings: Numbers, *, level: Level = "nominal") -> float:
    """Return the alpha of any number of annotators (Krippendorff 2011); `ratings` is [annotators, items], -1 is missing.

    "ordinal" takes the classes in their order. 1 when nothing that could disagree does; items with one label only
    count for nothing.
    """
    classes = int(ratings.max()) + 1
    counts = counts_of(ratings, classes)
    counts = counts[counts.sum(axis=1) >= 2].astype(float)
    if not len(counts):
        return 1.0
    per_item = counts.sum(axis=1, keepdims=True)
    pairs = (counts / (per_item - 1)).T @ counts - np.diag((counts / (per_item - 1)).sum(axis=0))
    marginal = counts.sum(axis=0)
    cost = _cost(marginal, level)
    chance = float((cost * np.outer(marginal, marginal)).sum()) / (marginal.sum() - 1)
    return 1.0 if chance == 0 else 1 - float((cost * pairs).sum()) / chance


def counts_of(ratings: Numbers, classes: int) -> Numbers:
    """Return how many annotators gave each class to each item: [items, classes] of ratings [annotators, items]."""
    counts = np.zeros((ratings.shape[1], classes), np.int64)
    annotator, item = np.nonzero(ratings != MISSING)
    np.add.at(counts, (item, ratings[annotator, item]), 1)
    return counts


def agreement_of(ratings: Numbers, *, level: Level = "nominal", seed: int = 0) -> Agreement:
    """Return the coefficient that fits [annotators, items]: Cohen's for two, Fleiss' for whole tables, else alpha."""
    whole = bool((ratings != MISSING).all())
    if whole and len(ratings) == 2:
        return _with_interval("Cohen's kappa", lambda some: cohen_kappa(*some, level=level), ratings, seed)
    if whole and level == "nominal":
        classes = int(ratings.max()) + 1
        return _with_interval("Fleiss' kappa", lambda some: fleiss_kappa(counts_of(some, classes)), ratings, seed)
    return _with_interval("Krippendorff's alpha", lambda some: krippendorff_alpha(some, level=level), ratings, seed)


def _with_interval(name: str, measure: Callable[[Numbers], float], ratings: Numbers, seed: int) -> Agreement:
    """Draw items with replacement: annotators stay, other items could have come."""
    draw = np.random.default_rng(seed)
    items = ratings.shape[1]
    values = [measure(ratings[:, draw.integers(0, items, items)]) for _ in range(DRAWS)]
    low, high = np.quantile(values, [0.025, 0.975])
    return Agreement(name, measure(ratings), float(low), float(high))


def _cost(marginal: Floats, level: Level) -> Floats:
    classes = len(marginal)
    if level == "nominal":
        return 1.0 - np.eye(classes)
    # Distance in ranks: all labels between two classes, and half of both (Krippendorff 2011, ordinal metric).
    middle = np.cumsum(marginal) - marginal / 2
    cost: Floats = np.subtract.outer(middle, middle) ** 2
    return cost
