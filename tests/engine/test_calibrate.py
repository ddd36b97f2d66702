"""Calibrations of label scores, by hand; none of them is chosen unless it is better on dev."""

import math

import numpy as np
import pytest

from taskfit.engine.calibrate import LabelCalibration, candidates, choose, dev_value, log_softmax

# Three rows, two labels: the model leans to the first label, rows differ in how far.
RAW = np.log(np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])) - 3.0


def test_log_softmax_by_hand() -> None:
    assert np.exp(log_softmax(np.array([[0.0, math.log(3)], [1000.0, 1000.0]]))) == pytest.approx(
        np.array([[0.25, 0.75], [0.5, 0.5]])
    )


def test_no_calibration_only_normalises() -> None:
    assert np.exp(LabelCalibration().apply(RAW)) == pytest.approx(np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]]))


def test_batch_calibration_by_hand() -> None:
    none, batch = candidates(RAW, ["ab", "cd"])
    assert (none.how, batch.how) == ("none", "batch")
    # Mean probabilities 2.3/3 and 0.7/3: the third row becomes 0.6/2.3 against 0.4/0.7.
    assert np.exp(batch.offsets) == pytest.approx([2.3 / 3, 0.7 / 3])
    first, second = 0.6 / 2.3, 0.4 / 0.7
    assert np.exp(batch.apply(RAW))[2] == pytest.approx([first / (first + second), second / (first + second)])


def test_length_calibration_by_hand() -> None:
    # "好" has 3 bytes, "ab" 2: log-probabilities -6 and -5 become -2 and -2.5 per byte.
    raw = np.array([[-6.0, -5.0]])
    length = candidates(raw, ["好", "ab"])[2]
    assert (length.how, length.divisors) == ("length", (3.0, 2.0))
    odds = math.exp(-2.0) / (math.exp(-2.0) + math.exp(-2.5))
    assert np.exp(length.apply(raw)) == pytest.approx(np.array([[odds, 1 - odds]]))


def test_labels_of_one_length_need_no_length_calibration() -> None:
    assert [one.how for one in candidates(RAW, ["差评", "好评"])] == ["none", "batch"]


def test_the_best_on_dev_is_chosen() -> None:
    # Gold: the third row is of the second label; only dividing by the mean finds it.
    chosen, accuracy = choose(RAW, [0, 0, 1], ["ab", "cd"])
    assert (chosen.how, accuracy) == ("batch", 1.0)


@pytest.mark.parametrize("gold", [[0, 0, 0], [0, 1, 0]])
def test_none_wins_ties(gold: list[int]) -> None:
    # By hand: batch answers 0, 0 (0.8/2.3 > 0.2/0.7), 1, so it is never better here.
    chosen, _ = choose(RAW, gold, ["ab", "cd"])
    assert chosen == LabelCalibration()


def test_a_label_that_is_never_likely_does_not_divide_by_zero() -> None:
    raw = np.array([[0.0, -2000.0], [0.0, -2000.0]])
    for calibration in candidates(raw, ["ab", "c"]):
        assert np.isfinite(calibration.apply(raw)[:, 0]).all()


def test_dev_value_is_accuracy_and_orders_ties_by_loss() -> None:
    sure, unsure = np.log(np.array([[0.9, 0.1]])), np.log(np.array([[0.6, 0.4]]))
    assert dev_value(sure, [0]) == pytest.approx(1 - 1e-3 * math.tanh(-math.log(0.9)))
    assert 0.999 < dev_value(unsure, [0]) < dev_value(sure, [0]) < 1
    assert -0.001 < dev_value(sure, [1]) < 0
