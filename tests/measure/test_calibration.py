import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.metrics import brier_score_loss, log_loss

from taskfit.core.errors import DataError
from taskfit.core.files import to_json
from taskfit.core.measurement import ScoredPrediction
from taskfit.measure.calibration import calibrate, fit_temperature, with_temperature

LABELS = ("a", "b", "c")


def rows_of(chances, golds, *, seed=0):
    return [
        ScoredPrediction(
            str(i), "", gold, None, 0.0, seed, scores={k: math.log(p) for k, p in zip(LABELS, line, strict=True)}
        )
        for i, (line, gold) in enumerate(zip(chances, golds, strict=True))
    ]


def honest(rows, *, sharper=1.0, seed=0):
    """Rows whose gold is drawn from the very probabilities; then the scores are sharpened."""
    random = np.random.default_rng(seed)
    chances = random.dirichlet((0.7, 0.7, 0.7), rows).clip(1e-6)
    chances /= chances.sum(axis=1, keepdims=True)
    golds = [str(random.choice(LABELS, p=line)) for line in chances]
    sharp = chances**sharper
    return sharp / sharp.sum(axis=1, keepdims=True), golds


def test_brier_and_nll_equal_scikit_learn():
    chances, golds = honest(400)
    found = calibrate(rows_of(chances, golds))
    assert found is not None
    assert found.nll == pytest.approx(log_loss(golds, chances, labels=LABELS))
    assert found.brier == pytest.approx(brier_score_loss(golds, chances, labels=LABELS, scale_by_half=False))
    assert found.rows == 400


def test_ece_by_hand():
    # 300 rows say 0.8: 150 are right. 300 rows say 0.6 (another bin): 240 are right.
    chances = [(0.8, 0.1, 0.1)] * 300 + [(0.6, 0.2, 0.2)] * 300
    golds = (["a"] * 150 + ["b"] * 150) + (["a"] * 240 + ["b"] * 60)
    found = calibrate(rows_of(chances, golds))
    assert found is not None
    assert found.ece == pytest.approx(0.5 * 0.3 + 0.5 * 0.2)


def test_ece_is_none_below_300_rows_also_when_seeds_repeat_them():
    chances, golds = honest(299)
    twice = rows_of(chances, golds) + rows_of(chances, golds, seed=1)
    found = calibrate(twice)
    assert found is not None
    assert found.ece is None
    assert found.rows == 299
    assert found.nll == pytest.approx(log_loss(golds, chances, labels=LABELS))


def test_honest_scores_have_little_error_and_sharpened_ones_have_much():
    small, large = (calibrate(rows_of(*honest(3000, sharper=sharper))) for sharper in (1.0, 4.0))
    assert small is not None
    assert large is not None
    assert small.ece is not None
    assert large.ece is not None
    assert small.ece < 0.03 < 0.1 < large.ece


def test_without_scores_there_is_no_calibration():
    rows = [replace(row, scores=None) for row in rows_of(*honest(10))]
    assert calibrate(rows) is None
    assert fit_temperature(rows) == 1.0


def test_an_impossible_gold_answer_costs_much_but_not_infinity():
    row = ScoredPrediction("1", "", "a", "b", 0.0, scores={"a": -math.inf, "b": 0.0})
    missing = ScoredPrediction("2", "", "z", "b", 0.0, scores={"a": -math.inf, "b": 0.0})
    found = calibrate([row, missing])
    assert found is not None
    assert found.nll == pytest.approx(-math.log(1e-15))
    assert found.brier == pytest.approx(2.0)
    assert json.loads(to_json(found))["ece"] is None


def test_scores_that_are_not_numbers_are_refused_with_their_rows():
    row = ScoredPrediction("row 7", "", "a", "b", 0.0, scores={"a": math.nan, "b": 0.0})
    with pytest.raises(DataError, match=r"1 rows have scores that are not numbers, such as row 7"):
        calibrate([row])


@pytest.mark.parametrize("sharper", [0.5, 1.0, 3.0])
def test_the_fitted_temperature_undoes_sharpening_and_equals_scipy(sharper):
    chances, golds = honest(2000, sharper=sharper)
    rows = rows_of(chances, golds)

    def nll(temperature):
        soft = chances ** (1 / temperature)
        return log_loss(golds, soft / soft.sum(axis=1, keepdims=True), labels=LABELS)

    expected = minimize_scalar(nll, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-6}).x
    found = fit_temperature(rows)
    assert found == pytest.approx(expected, rel=1e-3)
    # 2,000 rows know the temperature to about 3 %.
    assert found == pytest.approx(sharper, rel=0.1)


def test_a_temperature_keeps_the_order_and_sums_to_one():
    rows = rows_of(*honest(50))
    soft = with_temperature(rows, 2.5)
    for before, after in zip(rows, soft, strict=True):
        assert before.scores is not None
        assert after.scores is not None
        assert sum(math.exp(one) for one in after.scores.values()) == pytest.approx(1.0)
        assert max(before.scores, key=before.scores.__getitem__) == max(after.scores, key=after.scores.__getitem__)
    assert with_temperature([replace(rows[0], scores=None)], 2.0)[0].scores is None


def test_perfect_scores_stop_at_the_coldest_temperature():
    rows = rows_of([(0.9, 0.05, 0.05), (0.05, 0.9, 0.05)], ["a", "b"])
    assert fit_temperature(rows) == pytest.approx(0.02, rel=1e-3)
