"""Try learning rates on dev within a budget: three of them, then onwards where the best lies at the edge."""

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
    """The chosen learning rate and all trials, smallest rate first."""

    lr: float
    trials: tuple[Trial, ...]


def search_lr(centre: float, budget: int, attempt: Callable[[float], Tried]) -> Searched:
    """Return the learning rate with the best dev score after at most `budget` trials.

    Tries centre, 3 x centre, centre / 3; while the best is the largest or smallest tried and the budget
    allows, goes on in that direction. Ties go to the earlier trial.
    """
    tried: dict[float, Tried] = {}
    best = centre
    queue = [centre, centre * FACTOR, centre / FACTOR][: max(1, budget)]
    while queue:
        lr = queue.pop(0)
        tried[lr] = attempt(lr)
        if tried[lr].score > tried[best].score:
            best = lr
        if not queue and len(tried) < budget:
            queue = _onwards(list(tried), best)
    trials = [Trial({"lr": lr}, one.score, one.seconds, chosen=lr == best) for lr, one in sorted(tried.items())]
    return Searched(best, tuple(trials))


def _onwards(tried: list[float], best: float) -> list[float]:
    if len(tried) < 3:
        return []
    if best == max(tried):
        return [best * FACTOR]
    return [best / FACTOR] if best == min(tried) else []
