"""How far people agree about rows: Krippendorff's alpha among all of them, Cohen's kappa of each two."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from taskfit.data.decisions import Decision

GOOD, TENTATIVE = 0.8, 0.67
"""Krippendorff 2004: from 0.8 on reliable, from 0.667 on for tentative conclusions."""


@dataclass(frozen=True)
class Pair:
    """Two people, on how many rows both decided, the share they decided alike, and Cohen's kappa (None: no variety)."""

    one: str
    other: str
    rows: int
    alike: float
    kappa: float | None


@dataclass(frozen=True)
class People:
    """The people of a review: how many rows each decided, alpha over rows that two or more decided, and each pair."""

    counts: Mapping[str, int]
    shared: int
    alpha: float | None
    pairs: tuple[Pair, ...]


def people_of(votes: Mapping[str, Mapping[str, Decision]]) -> People:
    """Return how far people agree; `votes` are the standing decisions by row and person. Skips are no votes."""
    said = {
        row: {who: str(one.outcome) for who, one in by_whom.items() if one.outcome is not None}
        for row, by_whom in votes.items()
    }
    counts = Counter(who for by_whom in said.values() for who in by_whom)
    several = [list(by_whom.values()) for by_whom in said.values() if len(by_whom) > 1]
    pairs = tuple(_pair(one, other, list(said.values())) for one, other in combinations(sorted(counts), 2))
    return People(counts, len(several), alpha(several), tuple(one for one in pairs if one.rows))


def alpha(units: Sequence[Sequence[str]]) -> float | None:
    """Return Krippendorff's alpha for nominal values; each unit holds the values of those who said one.

    Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": 1 - observed / expected disagreement. None when
    no unit has two values, or when all values are equal.
    """
    useful = [unit for unit in units if len(unit) > 1]
    totals = Counter(value for unit in useful for value in unit)
    count = totals.total()
    expected = count * count - sum(number * number for number in totals.values())
    if not expected:
        return None
    observed = sum(
        (len(unit) ** 2 - sum(number * number for number in Counter(unit).values())) / (len(unit) - 1)
        for unit in useful
    )
    return 1 - (count - 1) * observed / expected


def kappa(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Return Cohen's kappa (1960) of two people on the same rows; None when chance alone would make them agree."""
    count = len(one)
    if not count:
        return None
    left, right = Counter(one), Counter(other)
    chance = sum(left[value] * right[value] for value in left) / count**2
    alike = sum(a == b for a, b in zip(one, other, strict=True)) / count
    return None if chance >= 1 else (alike - chance) / (1 - chance)


def _pair(one: str, other: str, said: Sequence[Mapping[str, str]]) -> Pair:
    both = [(by_whom[one], by_whom[other]) for by_whom in said if one in by_whom and other in by_whom]
    left, right = [a for a, _ in both], [b for _, b in both]
    alike = sum(a == b for a, b in both) / len(both) if both else 0.0
    return Pair(one, other, len(both), alike, kappa(left, right))
