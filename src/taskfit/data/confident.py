"""Confident learning: which labels are likely wrong, by the probabilities a classifier gives to rows it was not trained on.

Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", arXiv:1911.00068. The
choices equal those of the package cleanlab 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]

LOWEST_THRESHOLD = 2e-6
SLACK = 1e-6


@dataclass(frozen=True)
class Confident:
    """`joint[i, j]`: how many rows labelled i are j, among those a class can be told of. `off` marks rows with i != j."""

    joint: Numbers
    off: Mask


def confident_joint(labels: Numbers, probabilities: Floats) -> Confident:
    """Count the rows by their label and the class they belong to with confidence (eq. 1 of the paper).

    With confidence: its probability is at least the mean that this class has among the rows labelled so.
    """
    count = probabilities.shape[1]
    own = probabilities[np.arange(len(labels)), labels]
    sizes = np.bincount(labels, minlength=count)
    means = np.bincount(labels, own, minlength=count) / np.maximum(sizes, 1)
    thresholds = np.where(sizes > 0, np.maximum(means, LOWEST_THRESHOLD), 2.0)
    sure = probabilities >= thresholds - SLACK
    told = sure.any(axis=1)
    best = np.where(sure.sum(axis=1) > 1, probabilities.argmax(axis=1), sure.argmax(axis=1))
    joint = np.zeros((count, count), np.int64)
    np.add.at(joint, (labels[told], best[told]), 1)
    # At least one row of every class is taken to be right.
    np.fill_diagonal(joint, np.maximum(joint.diagonal(), 1))
    return Confident(joint, told & (best != labels))


def calibrated(joint: Numbers, labels: Numbers) -> Numbers:
    """Return the joint scaled so that its rows sum to how often each label was given."""
    sizes = np.bincount(labels, minlength=len(joint))
    scaled = joint / joint.sum(axis=1, keepdims=True) * sizes[:, None]
    return _whole_rows(scaled)


def noise_rate(labels: Numbers, probabilities: Floats) -> float:
    """Return the estimated share of wrong labels: what lies off the diagonal of the calibrated joint."""
    joint = calibrated(confident_joint(labels, probabilities).joint, labels)
    return float(1 - joint.trace() / max(1, joint.sum()))


def pruned_by_noise_rate(labels: Numbers, probabilities: Floats) -> Mask:
    """Return the rows that the noise rates of each pair of classes choose, by the margin of the other class.

    The rule `prune by noise rate`; rows whose label is the likeliest class are never chosen.
    """
    joint = calibrated(confident_joint(labels, probabilities).joint, labels)
    counts = _to_prune(joint)
    chosen = np.zeros(len(labels), bool)
    for label in range(len(joint)):
        rows = np.flatnonzero(labels == label)
        if len(rows) < 2:
            continue
        for other in np.flatnonzero(counts[label]).tolist():
            if other != label:
                margins = probabilities[rows, other] - probabilities[rows, label]
                chosen[rows[np.argsort(-margins)[: counts[label, other]]]] = True
    return chosen & ~_right(labels, probabilities)


def least_confident(labels: Numbers, probabilities: Floats) -> Mask:
    """Return as many rows as the joint has off its diagonal: those whose own label has the smallest probability.

    Measured on planted flips it is more precise than `pruned_by_noise_rate` at equal recall.
    """
    off = confident_joint(labels, probabilities).off & ~_right(labels, probabilities)
    chosen = np.zeros(len(labels), bool)
    chosen[np.argsort(own_probability(labels, probabilities))[: int(off.sum())]] = True
    return chosen


def own_probability(labels: Numbers, probabilities: Floats) -> Floats:
    """Return the probability of each row's own label: the smaller, the more suspicious."""
    own: Floats = probabilities[np.arange(len(labels)), labels]
    return own


def _right(labels: Numbers, probabilities: Floats) -> Mask:
    favoured = probabilities.copy()
    favoured[np.arange(len(labels)), labels] += SLACK
    right: Mask = favoured.argmax(axis=1) == labels
    return right


def _to_prune(joint: Numbers) -> Numbers:
    """Return how many rows to choose of each pair (label, class); at least one row of each label stays."""
    kept = np.maximum(joint.diagonal(), 1)
    grown = kept - joint.diagonal()
    wrong = np.maximum((joint != 0).sum(axis=1) - 1.0, 1.0)
    fewer = np.maximum(joint - (grown / wrong)[:, None], 0.0)
    np.fill_diagonal(fewer, kept)
    return _whole_rows(fewer.astype(np.int64).astype(np.float64).T).T


def _whole_rows(table: Floats) -> Numbers:
    """Round a table to whole numbers so that the sum of each row stays."""
    return np.array(list(_rounded(table)), np.int64).reshape(table.shape)


def _rounded(table: Floats) -> Iterator[Floats]:
    for row in table:
        whole = row.round()
        while (left := row.sum().round() - whole.sum()) != 0:
            step = 1 if left > 0 else -1
            order = np.argsort(row - whole)[::-step]
            whole[order[: min(int(abs(left)), len(row))]] += step
        yield whole
