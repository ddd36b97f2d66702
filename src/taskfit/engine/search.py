"""Try values of one setting on dev within a budget: three of them, then onwards where the best lies at the edge."""

from collections.abc import Callable
from dataclasses import dataclass

from taskfit.core.prediction import Trial

FACTOR = 3.0


@dataclass(frozen=True)
class Tried:
    """What one trial found: its dev score (higher is better) and its seconds."""

    score: float
    seconds: float


@dataclass(frozen=True)
class Searched:
    """The chosen value and all trials, smallest value first."""

    value: float
    trials: tuple[Trial, ...]


def search_lr(centre: float, budget: int, attempt: Callable[[float], Tried]) -> Searched:
    """Return the learning rate with the best dev score after at most `budget` trials: see `search`, factor 3."""
    return search("lr", centre, budget, attempt)


def search(
    setting: str, centre: float, budget: int, attempt: Callable[[float], Tried], *, factor: float = FACTOR
) -> Searched:
    """Return the value of `setting` with the best dev score after at most `budget` trials.

    Tries centre, factor x centre, centre / factor; while the best is the largest or smallest tried and the budget
    allows, goes on in that direction. Ties go to the earlier trial.
    """
    tried: dict[float, Tried] = {}
    best = centre
    queue = [centre, centre * factor, centre / factor][: max(1, budget)]
    while queue:
        value = queue.pop(0)
        tried[value] = attempt(value)
        if tried[value].score > tried[best].score:
            best = value
        if not queue and len(tried) < budget:
            queue = _onwards(list(tried), best, factor)
    trials = [
        Trial({setting: one}, found.score, found.seconds, chosen=one == best) for one, found in sorted(tried.items())
    ]
    return Searched(best, tuple(trials))


def _onwards(tried: list[float], best: float, factor: float) -> list[float]:
    if len(tried) < 3:
        return []
    if best == max(tried):
        return [best * factor]
    return [best / factor] if best == min(tried) else []
