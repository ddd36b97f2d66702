"""The search for a learning rate: where it goes, and that it never spends more than its budget."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.core.errors import TrainingError
from taskfit.engine.search import FACTOR, Searched, Tried, search_lr


def _search(scores: dict[int, float], budget: int) -> tuple[list[int], Searched]:
    """Search from 1.0; `scores` maps powers of three to dev scores. Returns the powers in the order tried."""
    tried: list[float] = []

    def attempt(lr: float) -> Tried:
        tried.append(lr)
        return Tried(scores[power(lr)], 1.0)

    def power(lr: float) -> int:
        return min(range(-9, 10), key=lambda p: abs(lr / FACTOR**p - 1))

    found = search_lr(1.0, budget, attempt)
    return [power(lr) for lr in tried], found


@pytest.mark.parametrize(
    ("scores", "budget", "order", "best"),
    [
        ({0: 0.5, 1: 0.4, -1: 0.3}, 6, [0, 1, -1], 0),  # the middle is best: three are enough
        ({0: 0.5, 1: 0.6, -1: 0.3, 2: 0.7, 3: 0.1}, 6, [0, 1, -1, 2, 3], 2),  # upwards until it falls
        ({0: 0.5, 1: 0.4, -1: 0.6, -2: 0.7, -3: 0.8, -4: 0.9}, 6, [0, 1, -1, -2, -3, -4], -4),  # down to the budget
        ({0: 0.5, 1: 0.6, -1: 0.3, 2: 0.7}, 4, [0, 1, -1, 2], 2),
        ({0: 0.5, 1: 0.6, -1: 0.3}, 3, [0, 1, -1], 1),
        ({0: 0.5, 1: 0.6}, 2, [0, 1], 1),
        ({0: 0.5}, 1, [0], 0),
        ({0: 0.5}, 0, [0], 0),  # never without any
        ({0: 0.5, 1: 0.5, -1: 0.5}, 6, [0, 1, -1], 0),  # ties go to the earlier
    ],
)
def test_goes_where_it_gets_better(scores: dict[int, float], budget: int, order: list[int], best: int) -> None:
    tried, found = _search(scores, budget)
    assert tried == order
    assert found.value == pytest.approx(FACTOR**best)


def test_trials_are_told_smallest_first_with_the_chosen_marked() -> None:
    _, found = _search({0: 0.5, 1: 0.6, -1: 0.3, 2: 0.1}, 6)
    assert [trial.settings["lr"] for trial in found.trials] == pytest.approx([1 / 3, 1, 3, 9])
    assert [trial.dev_score for trial in found.trials] == [0.3, 0.5, 0.6, 0.1]
    assert [trial.chosen for trial in found.trials] == [False, False, True, False]


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=19, max_size=19), st.integers(1, 12))
def test_never_more_than_the_budget_and_always_the_best_tried(values: list[float], budget: int) -> None:
    scores = dict(zip(range(-9, 10), values, strict=True))
    tried, found = _search(scores, min(budget, 8))
    assert len(tried) == len(set(tried)) <= min(budget, 8)
    assert scores[tried[0]] <= max(trial.dev_score for trial in found.trials)
    assert max(scores[power] for power in tried) == next(t.dev_score for t in found.trials if t.chosen)


def test_a_rate_that_breaks_training_is_never_chosen_and_not_gone_beyond() -> None:
    scores = {1.0: 0.5, 3.0: None, 1 / 3: 0.4}
    tried: list[float] = []

    def attempt(lr: float) -> Tried | None:
        tried.append(lr)
        score = scores[lr]
        return None if score is None else Tried(score, 1.0)

    found = search_lr(1.0, 6, attempt)
    assert (found.value, tried) == (1.0, [1.0, 3.0, 1 / 3])
    assert [trial.settings["lr"] for trial in found.trials] == [1 / 3, 1.0]


def test_when_every_rate_breaks_training_the_rung_says_so() -> None:
    with pytest.raises(TrainingError, match="every lr that was tried"):
        search_lr(1.0, 3, lambda lr: None)
