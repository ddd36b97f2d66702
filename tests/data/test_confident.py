"""Confident learning chooses what cleanlab chooses, and estimates the noise that was planted."""

import numpy as np
import pytest

from taskfit.data.confident import (
    calibrated,
    confident_joint,
    least_confident,
    noise_rate,
    own_probability,
    pruned_by_noise_rate,
)

filters = pytest.importorskip("cleanlab.filter")
counts = pytest.importorskip("cleanlab.count")


def noisy(seed, *, rows=600, classes=4, noise=0.1, sharp=3.0):
    """Labels with `noise`, and the probabilities of a classifier that sees the true class through a haze."""
    draw = np.random.default_rng(seed)
    true = draw.choice(classes, rows, p=draw.dirichlet(np.full(classes, 3.0)))
    logits = draw.normal(size=(rows, classes)) + sharp * np.eye(classes)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    flipped = draw.random(rows) < noise
    labels = np.where(flipped, (true + draw.integers(1, classes, rows)) % classes, true)
    return labels, probabilities, true


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("classes", "noise"), [(2, 0.05), (4, 0.15), (12, 0.3)])
def test_choices_equal_those_of_cleanlab(seed, classes, noise):
    labels, probabilities, _ = noisy(seed, classes=classes, noise=noise)
    if len(set(labels)) < classes:
        pytest.skip("cleanlab wants every class")
    joint, off = counts.compute_confident_joint(
        labels, probabilities, calibrate=False, return_indices_of_off_diagonals=True
    )
    found = confident_joint(labels, probabilities)
    assert found.joint.tolist() == joint.tolist()
    assert np.flatnonzero(found.off).tolist() == off.tolist()
    assert calibrated(found.joint, labels).tolist() == counts.compute_confident_joint(labels, probabilities).tolist()
    for ours, name in ((pruned_by_noise_rate, "prune_by_noise_rate"), (least_confident, "low_self_confidence")):
        theirs = filters.find_label_issues(labels, probabilities, filter_by=name, n_jobs=1)
        assert np.flatnonzero(ours(labels, probabilities)).tolist() == np.flatnonzero(theirs).tolist()


def test_the_joint_of_a_hand_made_table():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.7, 0.3]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    # Means of the own label: 0: (0.9 + 0.8 + 0.1) / 3 = 0.6; 1: (0.8 + 0.7 + 0.3) / 3 = 0.6. Every row is sure of one class.
    found = confident_joint(labels, probabilities)
    assert found.joint.tolist() == [[2, 1], [1, 2]]
    assert np.flatnonzero(found.off).tolist() == [2, 5]
    assert noise_rate(labels, probabilities) == pytest.approx(1 / 3)
    assert np.flatnonzero(least_confident(labels, probabilities)).tolist() == [2, 5]
    assert own_probability(labels, probabilities).tolist() == [0.9, 0.8, 0.1, 0.8, 0.7, 0.3]


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.25])
def test_the_noise_rate_is_estimated(noise):
    rates = [noise_rate(*noisy(seed, rows=3000, noise=noise, sharp=6.0)[:2]) for seed in range(5)]
    # 5 x 3,000 rows: the standard error of the planted rate itself is below 0.4 points.
    assert np.mean(rates) == pytest.approx(noise, abs=0.02)


def test_planted_errors_are_chosen_and_right_labels_are_left():
    labels, probabilities, true = noisy(3, rows=2000, noise=0.1, sharp=6.0)
    wrong = labels != true
    for choose in (pruned_by_noise_rate, least_confident):
        chosen = choose(labels, probabilities)
        assert (chosen & wrong).sum() >= 0.95 * wrong.sum()
        assert (chosen & wrong).sum() >= 0.9 * chosen.sum()
    perfect = np.eye(4)[true] * 0.97 + 0.0075
    assert not least_confident(true, perfect).any()
    assert not pruned_by_noise_rate(true, perfect).any()


def test_a_class_without_rows_is_borne():
    labels, probabilities, _ = noisy(1, classes=4)
    labels = np.where(labels == 3, 0, labels)
    assert pruned_by_noise_rate(labels, probabilities).sum() < len(labels)
    assert 0 < noise_rate(labels, probabilities) < 1
