"""Weight averaging: an exponential moving average that is measured and saved instead of the last weights."""

from collections.abc import Mapping

import torch
from torch import Tensor


def decay_at(step: int, decay: float) -> float:
    """Return the share of the average that step `step` (from 1) keeps: less in the beginning, when weights move most.

    min(decay, (1 + t) / (10 + t)), as TensorFlow's ExponentialMovingAverage with `num_updates`.
    """
    return min(decay, (1 + step) / (10 + step))


class Average:
    """The moving average of named weights (Polyak & Juditsky 1992, in its exponential form)."""

    def __init__(self, weights: Mapping[str, Tensor], decay: float):
        self.decay = decay
        self.values = {name: weight.detach().clone() for name, weight in weights.items()}

    @torch.no_grad()
    def take(self, weights: Mapping[str, Tensor], step: int) -> None:
        """Move towards the weights after step `step`: a <- d a + (1 - d) w."""
        share = 1 - decay_at(step, self.decay)
        for name, weight in weights.items():
            self.values[name].lerp_(weight.detach(), share)
