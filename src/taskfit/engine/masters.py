"""The trained weights as the optimizer sees them: float32, whole on every rank (sharded.py has them in parts)."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from taskfit.core.errors import UsageError
from taskfit.core.text import Text
from taskfit.engine.learner import Learner
from taskfit.engine.ranks import Ranks
from taskfit.engine.training import LoopSettings


class Masters:
    """Float32 weights by name: the learner's own, or copies where those are shorter."""

    def __init__(self, learner: Learner, ranks: Ranks):
        self.learner, self.ranks = learner, ranks
        self.weights = learner.trained()
        self.named = _float32(self.weights)
        ranks.copy_from_lead(self.named)
        self._to_weights()

    def backward(self, pieces_of: Mapping[int, Sequence[Sequence[int]]], total: float) -> float:
        """Add up the gradients of this rank's pieces and return their loss; `pieces_of` has the pieces of all ranks."""
        loss = 0.0
        with self.ranks.together():
            for piece in pieces_of[self.ranks.rank]:
                part = self.learner.loss(piece, total)
                part.backward()  # type: ignore[no-untyped-call]
                loss += float(part.detach())
        return loss

    def take_gradients(self, clip: float) -> float:
        """Move the gradients of all ranks to the masters, clip them, and return their length before."""
        self._gradients()
        self.ranks.sum_gradients(self.named.values())
        return float(nn.utils.clip_grad_norm_(list(self.named.values()), clip or math.inf))

    @torch.no_grad()
    def publish(self) -> None:
        """Let the learner compute with what the masters are now."""
        self._to_weights()

    def show(self) -> None:
        """Let the caller's learner, which is measured and saved, have what the masters are now."""

    @torch.no_grad()
    def put(self, values: Mapping[str, Tensor]) -> None:
        """Set the masters to values that are whole, or lie as they do."""
        for name, master in self.named.items():
            master.copy_(self.placed(name, values[name]))
        self._to_weights()

    def placed(self, name: str, value: Tensor) -> Tensor:  # noqa: ARG002
        """Return a whole value as the master `name` lies."""
        return value

    def whole(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return values as whole tensors; called by all ranks."""
        return dict(values)

    def _gradients(self) -> None:
        for name, weight in self.weights.items():
            master = self.named[name]
            if master is not weight:
                master.grad = None if weight.grad is None else weight.grad.to(master.dtype)
                weight.grad = None

    @torch.no_grad()
    def _to_weights(self) -> None:
        for name, weight in self.weights.items():
            if self.named[name] is not weight:
                weight.copy_(self.named[name])


def masters_of(learner: Learner, settings: LoopSettings, ranks: Ranks) -> Masters:
    """Return the weights as the settings want them to lie; raise UsageError where they cannot."""
    if settings.parallel == "deepspeed":
        raise UsageError(
            Text("parallel: deepspeed is not built in", "未内置 deepspeed"),
            todo=Text(
                "use parallel: fsdp, which shares out the same things with PyTorch alone",
                "请使用 parallel: fsdp，它仅用 PyTorch 做同样的分片",
            ),
        )
    if ranks.count == 1 or settings.parallel != "fsdp":
        return Masters(learner, ranks)
    from taskfit.engine.sharded import Sharded, refuse_sharding  # PyTorch's DTensor takes seconds to import

    refuse_sharding(learner, settings)
    return Sharded(learner, ranks)


def _float32(weights: Mapping[str, nn.Parameter]) -> dict[str, nn.Parameter]:
    return {
        name: weight if weight.dtype == torch.float32 else nn.Parameter(weight.detach().float())
        for name, weight in weights.items()
    }
