"""How far a training run is: everything beside tensors that a checkpoint restores."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from taskfit.core.prediction import CurvePoint


@dataclass
class Progress:
    """Changed by the loop at every step; `best` are the weights with the best dev score, empty before the first look."""

    step: int = 0
    tokens: int = 0
    stale: int = 0
    best_dev: float = -math.inf
    best_step: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    curve: list[CurvePoint] = field(default_factory=list)
    loss_sum: float = 0.0
    loss_steps: int = 0

    def facts(self) -> dict[str, Any]:
        """Return it as JSON values; `step` and the best weights are kept elsewhere in a checkpoint."""
        return {
            "tokens": self.tokens,
            "stale": self.stale,
            "best_dev": self.best_dev if math.isfinite(self.best_dev) else None,
            "best_step": self.best_step,
            "loss_sum": self.loss_sum,
            "loss_steps": self.loss_steps,
            "curve": [vars(point) for point in self.curve],
        }


def progress_of(step: int, facts: Mapping[str, Any], best: Mapping[str, Tensor]) -> Progress:
    """Return the progress that `facts` tells."""
    return Progress(
        step=step,
        tokens=facts["tokens"],
        stale=facts["stale"],
        best_dev=-math.inf if facts["best_dev"] is None else facts["best_dev"],
        best_step=facts["best_step"],
        best=dict(best),
        curve=[CurvePoint(**point) for point in facts["curve"]],
        loss_sum=facts["loss_sum"],
        loss_steps=facts["loss_steps"],
    )
