"""Kappa is the published one, its interval covers, and judges without variety say nothing."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from taskfit.workshop.agreement import agreement


def test_kappa_is_that_of_scikit_learn() -> None:
    dice = np.random.default_rng(0)
    people = dice.integers(1, 6, 300)
    judge = np.clip(people + dice.integers(-1, 2, 300), 1, 5)
    found = agreement(judge.tolist(), people.tolist(), least=4)
    assert found is not None
    assert found.kappa == pytest.approx(cohen_kappa_score(judge, people, weights="quadratic"))
    assert found.low < found.kappa < found.high
    assert found.decisions == pytest.approx(float(np.mean((judge >= 4) == (people >= 4))))


def test_by_hand() -> None:
    # squared distances 0, 0, 1, 1: mean 0.5; expected var 1.25 + 0.25 + (2.5 - 2.5)^2 = 1.5
    found = agreement([1, 2, 3, 4], [2, 2, 3, 3], least=3)
    assert found is not None
    assert found.kappa == pytest.approx(1 - 0.5 / 1.5)
    assert found.decisions == 1.0


def test_without_variety_there_is_nothing_to_agree_on() -> None:
    assert agreement([3, 3, 3], [3, 3, 3], least=3) is None
    assert agreement([], [], least=3) is None


def test_chance_is_no_agreement() -> None:
    dice = np.random.default_rng(1)
    inside = 0
    for _ in range(40):
        one, other = dice.integers(1, 6, 200).tolist(), dice.integers(1, 6, 200).tolist()
        found = agreement(one, other, least=3)
        assert found is not None
        inside += found.low <= 0 <= found.high
    assert inside >= 34  # 38 expected of 40
