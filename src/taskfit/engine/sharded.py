"""Fully sharded training (FSDP2): each rank keeps its part of weights, gradients and the optimizer's memory.

A twin of the learner is sharded and trained; the learner itself keeps whole weights, which are measured and saved. On a
GPU they rest in the processor's memory between looks. Zhao et al. 2023, arXiv:2304.11277.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from taskfit.core.errors import UsageError
from taskfit.core.text import Text
from taskfit.engine.learner import Learner
from taskfit.engine.masters import Masters
from taskfit.engine.ranks import Ranks
from taskfit.engine.training import LoopSettings, Optimizer
from taskfit.model.local import LocalModel

ELEMENTWISE: frozenset[Optimizer] = frozenset({"adamw", "sgd", "lion", "adagrad", "rmsprop"})


@runtime_checkable
class OfModel(Protocol):
    """A learner whose weights are those of a model, and of modules beside it."""

    model: LocalModel


def refuse_sharding(learner: Learner, settings: LoopSettings) -> None:
    """Raise UsageError where the learner or the optimizer cannot work on parts of weights."""
    if settings.optimizer not in ELEMENTWISE:
        known = ", ".join(sorted(ELEMENTWISE))
        raise UsageError(
            Text(
                f"{settings.optimizer} cannot step on parts of a matrix", f"{settings.optimizer} 无法在矩阵的分片上更新"
            ),
            todo=Text(f"with parallel: fsdp choose one of: {known}", f"parallel: fsdp 时请选择：{known}"),
        )
    if not isinstance(learner, OfModel):
        raise UsageError(
            Text("this method trains no weights of a model that could be shared out", "该方法没有可分片的模型权重"),
            todo=Text("use parallel: ddp", "请使用 parallel: ddp"),
        )


class Sharded(Masters):
    """Masters of which each rank holds a part, as DTensors."""

    def __init__(self, learner: Learner, ranks: Ranks):
        self.original = learner.trained()
        ranks.copy_from_lead(self.original)
        self.whole_model = learner.model.network if isinstance(learner, OfModel) else nn.Module()
        twin = _twin(learner)
        self.step = _Step(twin)
        _shard(self.step, twin, ranks)
        super().__init__(twin, Ranks(ranks.rank, 1))
        self.ranks = ranks
        self._rest()

    def backward(self, pieces_of: Mapping[int, Sequence[Sequence[int]]], total: float) -> float:
        """See Masters; a rank with fewer pieces than others runs one more whose loss counts zero, so that none waits."""
        own = list(pieces_of[self.ranks.rank])
        most = max(map(len, pieces_of.values()))
        spare = next(piece for pieces in pieces_of.values() for piece in pieces)[:1]
        loss = 0.0
        with self.ranks.working():
            for place in range(most):
                counts = place < len(own)
                part = self.step(own[place] if counts else spare, total) * float(counts)
                part.backward()
                loss += float(part.detach())
        return loss

    def take_gradients(self, clip: float) -> float:
        """See Masters; FSDP2 has summed the gradients already."""
        self._gradients()
        with self.ranks.working():
            norm = nn.utils.clip_grad_norm_(list(self.named.values()), clip or math.inf)
            return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)

    @torch.no_grad()
    def show(self) -> None:
        """See Masters: gather the parts into the learner that is measured and saved."""
        self.whole_model.to(self.ranks.device)
        for name, value in self.whole(self.named).items():
            self.original[name].copy_(value)

    def placed(self, name: str, value: Tensor) -> Tensor:
        """See Masters."""
        master: Any = self.named[name]
        if isinstance(value, DTensor) or value.shape != master.shape:
            return value
        return distribute_tensor(value.to(self.ranks.device), master.device_mesh, master.placements)

    def whole(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """See Masters."""
        with self.ranks.working():
            return {name: v.full_tensor() if isinstance(v, DTensor) else v for name, v in values.items()}

    def _rest(self) -> None:
        if self.ranks.device.type != "cpu":
            self.whole_model.to("cpu")


class _Step(nn.Module):
    """The loss of a learner as a module, so that FSDP2 knows where a step begins and ends."""

    def __init__(self, learner: Learner):
        super().__init__()
        self.learner = learner
        self.parts = nn.ModuleList(_modules(learner))

    def forward(self, rows: Sequence[int], total: float) -> Tensor:
        """Return the loss."""
        return self.learner.loss(rows, total)


def _modules(learner: Learner) -> list[nn.Module]:
    beside = [value for value in vars(learner).values() if isinstance(value, nn.Module)]
    return [learner.model.network, *beside] if isinstance(learner, OfModel) else beside


def _twin(learner: Learner) -> Learner:
    """Return a copy with weights of its own; rows and everything else that is no module are shared."""
    held = vars(learner).values()
    shared = {id(value): value for value in held if not isinstance(value, (nn.Module, LocalModel))}
    return copy.deepcopy(learner, shared)


def _shard(step: _Step, learner: Learner, ranks: Ranks) -> None:
    mesh = init_device_mesh(ranks.device.type, (ranks.count,))
    layers = list(learner.model.body.layers) if isinstance(learner, OfModel) else []
    for module in [*layers, step]:
        sharded = fully_shard(module, mesh=mesh)
        assert isinstance(sharded, FSDPModule)
        # Sums, not means: the loss is already divided by the labels of the whole step.
        sharded.set_force_sum_reduction_for_comms(True)
        sharded.set_gradient_divide_factor(1.0)
