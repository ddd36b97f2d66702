"""What a head's outputs stand for: one label of several, several labels, or a number. Letters: N rows, C outputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from taskfit.core.example import Example
from taskfit.core.target import names_of, names_text, number_of, number_text
from taskfit.core.task import Task
from taskfit.engine.calibrate import log_softmax
from taskfit.engine.learner import ClassHead
from taskfit.engine.linear import DECAY, Floats, LinearHead, fit_outputs
from taskfit.engine.losses import Criterion, sigmoid_loss, squares_loss

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """An answer, and the log-probability of each label where one of them is the answer."""

    answer: str
    scores: dict[str, float] | None = None


def output_count(task: Task) -> int:
    """Return how many outputs a head needs for the task."""
    return 1 if task.kind == "regress" else len(task.labels)


def read_outputs(task: Task, outputs: Values) -> list[Said]:
    """Return what outputs [N, C] of a finished head stand for."""
    names = task.label_names
    if task.kind == "regress":
        return [Said(number_text(float(row[0]), 7)) for row in outputs]
    if task.kind == "multilabel":
        return [Said(names_text(names[i] for i in np.flatnonzero(row > 0))) for row in outputs]
    return [
        Said(names[int(row.argmax())], dict(zip(names, map(float, row), strict=True))) for row in log_softmax(outputs)
    ]


class Outputs(Protocol):
    """How targets become what a head learns, and how a learned head is finished so that `read_outputs` reads it."""

    @property
    def criterion(self) -> Criterion:
        """The loss of outputs against targets."""
        ...

    def targets(self, examples: Sequence[Example]) -> Values:
        """Return the targets [N, C] of the examples."""
        ...

    def fit(self, features: Floats, targets: Values, decay: float) -> LinearHead:
        """Return the linear head on features that fits the targets."""
        ...

    @property
    def usual_decay(self) -> float:
        """The L2 penalty of a linear head to try first, on standardised features."""
        ...

    @property
    def metric(self) -> str:
        """What `score` is."""
        ...

    def score(self, outputs: Values, targets: Values) -> float:
        """Return how good outputs are on dev, higher is better."""
        ...

    def finish(self, head: ClassHead, outputs: Values, targets: Values) -> ClassHead:
        """Return the head as it answers; `outputs` are its own on dev (no rows: what can be chosen keeps its default)."""
        ...


def outputs_of(task: Task, train: Sequence[Example]) -> Outputs:
    """Return the outputs of a task of numbers or of several labels."""
    if task.kind == "multilabel":
        return LabelOutputs(task.label_names)
    numbers = [number_of(one.target or "") or 0.0 for one in train]
    return NumberOutputs(float(np.mean(numbers)), float(np.std(numbers)) or 1.0)


@dataclass(frozen=True)
class NumberOutputs:
    """Numbers, learned as so many `spread` (standard deviations in train) from the `mean`."""

    mean: float
    spread: float
    criterion: Criterion = squares_loss

    def targets(self, examples: Sequence[Example]) -> Values:
        """See Outputs."""
        numbers = [number_of(one.target or "") for one in examples]
        return (np.array(numbers, dtype=np.float64).reshape(-1, 1) - self.mean) / self.spread

    def fit(self, features: Floats, targets: Values, decay: float) -> LinearHead:
        """See Outputs: ridge regression in closed form."""
        mean, spread = features.mean(0), features.std(0) + 1e-6
        z = ((features - mean) / spread).astype(np.float64)
        middle = targets.mean(0)
        squares = z.T @ z / len(z) + decay * np.eye(z.shape[1])
        weights = (np.linalg.solve(squares, z.T @ (targets - middle) / len(z)).T / spread).astype(np.float32)
        return LinearHead(weights, (middle - weights @ mean).astype(np.float32))

    @property
    def usual_decay(self) -> float:
        """See Outputs: squares bend more than logarithms of shares, which never bend by more than a quarter."""
        return 30 * DECAY

    @property
    def metric(self) -> str:
        """See Outputs."""
        return "r2"

    def score(self, outputs: Values, targets: Values) -> float:
        """See Outputs: the share of the variance that is explained, R^2."""
        error = float(np.square(outputs - targets).mean())
        variance = float(np.var(targets))
        return 1.0 - error / variance if variance > 0 else -error

    def finish(self, head: ClassHead, outputs: Values, targets: Values) -> ClassHead:
        """See Outputs: the head says numbers in their own unit."""
        del outputs, targets
        return _moved(head, scale=self.spread, shift=self.mean)


@dataclass(frozen=True)
class LabelOutputs:
    """Several labels: each is answered where its logit is above 0."""

    names: tuple[str, ...]
    criterion: Criterion = sigmoid_loss

    def targets(self, examples: Sequence[Example]) -> Values:
        """See Outputs."""
        place = {name: column for column, name in enumerate(self.names)}
        marks = np.zeros((len(examples), len(self.names)))
        for row, one in enumerate(examples):
            marks[row, [place[name] for name in names_of(one.target or "") or ()]] = 1.0
        return marks

    def fit(self, features: Floats, targets: Values, decay: float) -> LinearHead:
        """See Outputs: logistic regression of each label."""
        wanted = torch.from_numpy(targets)

        def loss(logits: torch.Tensor) -> torch.Tensor:
            return sigmoid_loss(logits, wanted, len(wanted))

        return fit_outputs(features, loss, len(self.names), decay=decay)

    @property
    def usual_decay(self) -> float:
        """See Outputs."""
        return DECAY

    @property
    def metric(self) -> str:
        """See Outputs."""
        return "micro_f1"

    def score(self, outputs: Values, targets: Values) -> float:
        """See Outputs: the F1 of all labels together at the best threshold, less a sliver of the loss."""
        loss = float(sigmoid_loss(torch.from_numpy(outputs), torch.from_numpy(targets), len(targets)))
        return best_threshold(outputs, targets)[1] - 1e-3 * float(np.tanh(loss))

    def finish(self, head: ClassHead, outputs: Values, targets: Values) -> ClassHead:
        """See Outputs: the threshold that is best on dev becomes 0."""
        return _moved(head, scale=1.0, shift=-best_threshold(outputs, targets)[0])


def best_threshold(logits: Values, targets: Values) -> tuple[float, float]:
    """Return the one threshold for all labels with the highest F1 of all labels together, and that F1.

    It lies midway between the two logits that it parts; 0 without rows or positive targets.
    """
    flat, wanted = logits.ravel(), targets.ravel()
    if not wanted.any():
        return 0.0, 0.0
    order = np.argsort(-flat, kind="stable")
    above = flat[order]
    f1 = 2 * np.cumsum(wanted[order]) / (np.arange(1, len(flat) + 1) + wanted.sum())
    f1[:-1][above[:-1] == above[1:]] = 0.0  # equal logits cannot be parted
    last = int(f1.argmax())
    below = above[last + 1] if last + 1 < len(above) else above[last] - 1.0
    return float((above[last] + below) / 2), float(f1[last])


def _moved(head: ClassHead, *, scale: float, shift: float) -> ClassHead:
    moved = ClassHead(head.linear.in_features, head.linear.out_features).to(head.linear.weight.device)
    with torch.no_grad():
        moved.linear.weight.copy_(head.linear.weight * scale)
        moved.linear.bias.copy_(head.linear.bias * scale + shift)
    return moved.requires_grad_(False)
