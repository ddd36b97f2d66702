"""Calibration of label scores, chosen on dev or not at all. Letters: N rows, C labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
How = Literal["none", "batch", "length"]


@dataclass(frozen=True)
class LabelCalibration:
    """How raw log-probabilities [N, C] become scores: (raw / divisors) - offsets."""

    how: How = "none"
    divisors: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()

    def apply(self, raw: Floats) -> Floats:
        """Return log-probabilities over the labels, [N, C], each row summing to 1 in probability."""
        scores = raw / np.array(self.divisors) if self.divisors else raw
        scores = log_softmax(scores)
        return log_softmax(scores - np.array(self.offsets)) if self.offsets else scores


def log_softmax(scores: Floats) -> Floats:
    """Return scores [N, C] normalised so that every row is a distribution."""
    shifted = scores - scores.max(1, keepdims=True)
    normalised: Floats = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return normalised


def candidates(raw: Floats, words: Sequence[str]) -> list[LabelCalibration]:
    """Return the calibrations to try, from raw dev scores [N, C].

    "none"; "batch": divide by the mean probability each label gets (Zhou et al. 2023, arXiv:2309.17249);
    "length": log-probability per byte of the label, where labels differ in length.
    """
    mean = np.exp(log_softmax(raw)).mean(0)
    found = [LabelCalibration(), LabelCalibration("batch", offsets=tuple(np.log(mean + 1e-12).tolist()))]
    lengths = [float(len(word.encode())) for word in words]
    if len(set(lengths)) > 1:
        found.append(LabelCalibration("length", divisors=tuple(lengths)))
    return found


def choose(raw: Floats, gold: Sequence[int], words: Sequence[str]) -> tuple[LabelCalibration, float]:
    """Return the calibration with the best dev accuracy and that accuracy; "none" wins ties."""
    target = np.asarray(gold)
    best, best_accuracy = LabelCalibration(), -1.0
    for candidate in candidates(raw, words):
        accuracy = float((candidate.apply(raw).argmax(1) == target).mean())
        if accuracy > best_accuracy:
            best, best_accuracy = candidate, accuracy
    return best, best_accuracy


def dev_value(scores: Floats, gold: Sequence[int]) -> float:
    """Return accuracy - 0.001 * tanh(mean negative log-likelihood) of scores [N, C]: equal accuracies are ordered."""
    loss = -log_softmax(scores)[np.arange(len(gold)), gold].mean()
    return float((scores.argmax(1) == np.asarray(gold)).mean() - 1e-3 * np.tanh(loss))
