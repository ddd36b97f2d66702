"""Try values of one setting on dev within a budget: three of them, then onwards where the best lies at the edge."""

from collections.abc import Callable
from dataclasses import dataclass

from taskfit.core.errors import TrainingError
from taskfit.core.prediction import Trial
from taskfit.core.text import Text

FACTOR = 3.0


@dataclass(frozen=True)
class Tried:
    """What one trial found: its dev score (higher is better) and its seconds."""

    score: float
    seconds: float


@dataclass(frozen=True)
class Searched:
    """The chosen value and all trials that gave a score, smallest value first."""

    value: float
    trials: tuple[Trial, ...]


Attempt = Callable[[float], Tried | None]


def search_lr(centre: float, budget: int, attempt: Attempt) -> Searched:
    """Return the learning rate with the best dev score after at most `budget` trials: see `search`, factor 3."""
    return search("lr", centre, budget, attempt)


def search(setting: str, centre: float, budget: int, attempt: Attempt, *, factor: float = FACTOR) -> Searched:
    """Return the value of `setting` with the best dev score after at most `budget` trials.

    Tries centre, factor x centre, centre / factor; while the best is the largest or smallest tried and the budget
    allows, goes on in that direction. Ties go to the earlier trial. An attempt that gives None (training stopped
    being numbers) counts as tried and is never chosen; when every one does, TrainingError is raised.
    """
    tried: dict[float, Tried | None] = {}
    queue = [centre, centre * factor, centre / factor][: max(1, budget)]
    while queue:
        value = queue.pop(0)
        tried[value] = attempt(value)
        if not queue and len(tried) < budget:
            queue = _onwards(tried, factor)
    best = _best(tried)
    if best is None:
        raise TrainingError(
            Text(
                f"training stopped being numbers with every {setting} that was tried",
                f"尝试过的每个 {setting} 都使训练出现非有限值",
            ),
            todo=Text(f"look at the rows, or set a smaller {setting}", f"请检查数据，或设置更小的 {setting}"),
        )
    trials = [
        Trial({setting: one}, found.score, found.seconds, chosen=one == best)
        for one, found in sorted(tried.items())
        if found is not None
    ]
    return Searched(best, tuple(trials))


def _best(tried: dict[float, Tried | None]) -> float | None:
    scores = {value: found.score for value, found in tried.items() if found is not None}
    return max(scores, key=lambda value: scores[value]) if scores else None


def _onwards(tried: dict[float, Tried | None], factor: float) -> list[float]:
    best = _best(tried)
    if len(tried) < 3 or best is None:
        return []
    if best == max(tried):
        return [best * factor]
    return [best / factor] if best == min(tried) else []
