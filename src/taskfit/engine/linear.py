"""Linear heads on features, such as multinomial logistic regression: no gradient steps of a network.

Minimises  mean loss(W z + b) + decay / 2 * |W|^2  over standardised features z; convex, so the
answer does not depend on a learning rate. Letters: N rows, W width, C classes.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from taskfit.core.prediction import Trial
from taskfit.engine.calibrate import dev_value
from taskfit.engine.search import Tried, search

Floats = NDArray[np.float32]
DECAY = 0.1  # the L2 penalty to try first, on standardised features


@dataclass(frozen=True)
class Labelled:
    """Features [N, W] with their class numbers [N]."""

    features: Floats
    targets: Sequence[int]


@dataclass(frozen=True)
class LinearHead:
    """weights [C, W] and bias [C] for raw (not standardised) features."""

    weights: Floats
    bias: Floats

    def logits(self, features: Floats) -> Floats:
        """Return logits [N, C] of features [N, W]."""
        out: Floats = features @ self.weights.T + self.bias
        return out


@dataclass(frozen=True)
class ChosenHead:
    """The head that is best on dev, and what was tried for it."""

    head: LinearHead
    trials: tuple[Trial, ...]


def choose_linear(train: Labelled, dev: Labelled, classes: int, *, budget: int) -> ChosenHead:
    """Return the head whose penalty is best on dev: 0.1, a tenth and ten times of it, then onwards within the budget."""
    heads: dict[float, LinearHead] = {}

    def attempt(decay: float) -> Tried:
        start = time.perf_counter()
        heads[decay] = fit_linear(train.features, train.targets, classes, decay=decay)
        score = dev_value(heads[decay].logits(dev.features).astype(np.float64), dev.targets)
        return Tried(score, time.perf_counter() - start)

    found = search("decay", DECAY, budget, attempt, factor=10.0)
    return ChosenHead(heads[found.value], found.trials)


def fit_linear(features: Floats, targets: Sequence[int], classes: int, *, decay: float, steps: int = 200) -> LinearHead:
    """Return the head that fits features [N, W] to targets [N]; L-BFGS until the gradient is below 1e-6."""
    wanted = torch.tensor(list(targets))

    def loss(logits: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(logits, wanted)

    return fit_outputs(features, loss, classes, decay=decay, steps=steps)


def fit_outputs(
    features: Floats,
    loss_of: Callable[[torch.Tensor], torch.Tensor],
    outputs: int,
    *,
    decay: float,
    steps: int = 200,
) -> LinearHead:
    """Return the head of so many outputs whose loss on features [N, W], a mean over rows, is lowest."""
    mean, spread = features.mean(0), features.std(0) + 1e-6
    z = torch.from_numpy((features - mean) / spread)
    weights = torch.zeros(outputs, z.shape[1], requires_grad=True)
    bias = torch.zeros(outputs, requires_grad=True)
    solver = torch.optim.LBFGS(
        [weights, bias], max_iter=steps, history_size=20, line_search_fn="strong_wolfe", tolerance_grad=1e-6
    )

    def closure() -> torch.Tensor:
        solver.zero_grad()
        loss = loss_of(z @ weights.T + bias) + 0.5 * decay * weights.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    solver.step(closure)  # type: ignore[no-untyped-call]
    scaled = (weights.detach().numpy() / spread).astype(np.float32)
    shift: Floats = (bias.detach().numpy() - scaled @ mean).astype(np.float32)
    return LinearHead(scaled, shift)
