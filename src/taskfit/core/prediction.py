"""Predictions: what an adapted model answered for each example, with the evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from taskfit.core.example import Example
from taskfit.core.meter import Meter


@dataclass(frozen=True)
class Prediction:
    """One answer. `answer` is a label name or a text; None means it could not be read (see `problem`).

    `scores` maps every label name to its log-probability (normalised over the labels) where the predictor
    has them. `seconds` is the example's share of its batch. `evidence` holds the ids of the examples or
    passages that were shown with the question. `prompt` is the text as the model saw it.
    """

    id: str
    answer: str | None
    scores: Mapping[str, float] | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    flops: float = 0.0
    seconds: float = 0.0
    evidence: tuple[str, ...] = ()
    prompt: str = ""
    problem: str = ""


LOSS = "loss"


@dataclass(frozen=True)
class Trial:
    """One configuration tried on dev: its settings and its value of the primary metric there."""

    settings: Mapping[str, object]
    dev_score: float
    seconds: float = 0.0
    chosen: bool = False


@dataclass(frozen=True)
class CurvePoint:
    """One point of a training curve; `loss` is the token-weighted mean, `dev_score` where it was measured."""

    step: int
    epoch: float
    loss: float
    lr: float
    tokens: int
    dev_score: float | None = None


@dataclass(frozen=True)
class Story:
    """How a predictor was made: the trials on dev, the curve of the chosen one, remarks for the report.

    `dev_metric` names what every score on dev is: a metric, or LOSS (then the score is minus the loss in nats per
    token, so that higher is better). Empty where nothing was measured on dev.
    """

    trials: tuple[Trial, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    parameters_trained: int = 0
    remarks: tuple[Mapping[str, str], ...] = field(default=())
    dev_metric: str = ""


class Predictor(Protocol):
    """The adapted thing."""

    @property
    def story(self) -> Story:
        """How it was made."""
        ...

    def predict(self, examples: Sequence[Example], meter: Meter) -> list[Prediction]:
        """Return one Prediction per example, in order. Targets are not looked at."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything that `Method.restore` needs into `folder` (safetensors + JSON)."""
        ...
