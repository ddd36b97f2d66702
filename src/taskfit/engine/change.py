"""A Change: which weights are trained, and how they are kept; knows nothing about what is learned."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from taskfit.core.model import ModelCard

if TYPE_CHECKING:
    from taskfit.engine.learner import Learner
    from taskfit.model.local import LocalModel


class Change(Protocol):
    """What every method that changes weights can do, whatever the aim is."""

    def prepare(self, model: "LocalModel", seed: int) -> "LocalModel":
        """Return a copy of the model whose trained weights require gradients; the rest is shared."""
        ...

    def begin(self, learner: "Learner") -> None:
        """Let fresh weights start from what the rows make of the model; called once, before training."""
        ...

    def lr_centre(self, card: ModelCard) -> float:
        """Return the learning rate to try first."""
        ...

    def lr_factors(self, model: "LocalModel") -> Mapping[str, float]:
        """Return the multiple of the learning rate for each weight of a prepared model that has one of its own."""
        ...

    def frozen_below(self, card: ModelCard) -> int:
        """Return the number of lowest layers that are never changed; their output is computed once."""
        ...

    def save_weights(self, model: "LocalModel", folder: Path) -> None:
        """Write the trained weights of the tuned model."""
        ...

    def load_weights(self, model: "LocalModel", folder: Path) -> "LocalModel":
        """Return a copy of the model with the weights that `save_weights` wrote."""
        ...
