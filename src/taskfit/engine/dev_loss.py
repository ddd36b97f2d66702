"""The loss on rows that are not trained on."""

from collections.abc import Sequence

import torch

from taskfit.engine.features import FrozenStream
from taskfit.engine.learner import Row, TokenLearner
from taskfit.model.local import LocalModel

AT_ONCE = 64  # rows of one forward pass


def mean_loss(model: LocalModel, rows: Sequence[Row], stream: FrozenStream | None = None) -> float:
    """Return the mean loss per learned token (by its weight) of all rows, without smoothing or noise."""
    learner = TokenLearner(model, rows, stream)
    total, loss = sum(learner.weight(row) for row in range(learner.rows)), 0.0
    with torch.inference_mode():
        for start in range(0, learner.rows, AT_ONCE):
            loss += float(learner.loss(range(start, min(start + AT_ONCE, learner.rows)), total))
    return loss
