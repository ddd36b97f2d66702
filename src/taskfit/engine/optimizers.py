"""Optimizers by the field's names: PyTorch's own, Lion, and 8-bit AdamW where the machine has it."""

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from taskfit.core.errors import UsageError
from taskfit.core.text import Text
from taskfit.engine.training import LoopSettings, Optimizer

Groups = list[dict[str, Any]]


def make_optimizer(
    weights: Mapping[str, nn.Parameter], settings: LoopSettings, lr_factors: Mapping[str, float]
) -> torch.optim.Optimizer:
    """Return the optimizer over named weights; each of its groups knows its `factor` of the learning rate.

    Matrices decay, vectors (norms, biases) do not. Raises UsageError where this machine cannot.
    """
    return MAKERS[settings.optimizer](_groups(weights, settings, lr_factors), settings)


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Let the next step go at the rate `lr`, times each group's own factor."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group["factor"]


def optimizer_tensors(optimizer: torch.optim.Optimizer, weights: Mapping[str, nn.Parameter]) -> dict[str, Tensor]:
    """Return the optimizer's memory as named tensors; whole numbers become tensors of no dimension."""
    return {
        f"{key}/{name}": value if isinstance(value, Tensor) else torch.tensor(value)
        for name, weight in weights.items()
        for key, value in optimizer.state[weight].items()
        if value is not None
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer,
    weights: Mapping[str, nn.Parameter],
    tensors: Mapping[str, Tensor],
    placed: Callable[[str, Tensor], Tensor] = lambda _, value: value,
) -> None:
    """Put back what `optimizer_tensors` returned; `placed` makes a whole value lie as the named weight does."""
    for key, value in tensors.items():
        kind, _, name = key.partition("/")
        whole = value.ndim == 0 and not value.is_floating_point()
        state = optimizer.state[weights[name]]
        state[kind] = int(value) if whole else placed(name, value.to(weights[name].device))


def _groups(weights: Mapping[str, nn.Parameter], settings: LoopSettings, factors: Mapping[str, float]) -> Groups:
    parts: dict[tuple[float, float], list[nn.Parameter]] = {}
    for wide in (True, False):
        for name, weight in weights.items():
            if (weight.ndim >= 2) == wide:
                decay = settings.weight_decay if wide else 0.0
                parts.setdefault((decay, factors.get(name, 1.0)), []).append(weight)
    return [
        {"params": part, "weight_decay": decay, "factor": factor, "lr": settings.lr * factor}
        for (decay, factor), part in parts.items()
    ]


class Lion(torch.optim.Optimizer):
    """w <- w - lr (sign(b1 m + (1 - b1) g) + decay w), m <- b2 m + (1 - b2) g (Chen et al. 2023, arXiv:2302.06675, algorithm 2)."""

    def __init__(self, groups: Iterable[dict[str, Any]], *, betas: tuple[float, float] = (0.9, 0.99)):
        super().__init__(groups, {"lr": 1e-4, "betas": betas, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step."""
        if closure is not None:
            raise NotImplementedError("the loss is computed before the step")
        for group in self.param_groups:
            first, second = group["betas"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                memory = self.state[weight].setdefault("exp_avg", torch.zeros_like(weight))
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(torch.lerp(weight.grad, memory, first).sign_(), alpha=-group["lr"])
                memory.lerp_(weight.grad, 1 - second)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _adamw(groups: Groups, settings: LoopSettings) -> torch.optim.Optimizer:
    return torch.optim.AdamW(groups, **_given(betas=settings.betas, eps=settings.eps), fused=True)


def _adafactor(groups: Groups, settings: LoopSettings) -> torch.optim.Optimizer:  # noqa: ARG001
    """Shazeer & Stern 2018, arXiv:1804.04235: a matrix remembers one number per row and column."""
    return torch.optim.Adafactor(groups)


def _sgd(groups: Groups, settings: LoopSettings) -> torch.optim.Optimizer:
    return torch.optim.SGD(groups, momentum=settings.momentum)


def _lion(groups: Groups, settings: LoopSettings) -> torch.optim.Optimizer:
    return Lion(groups, **_given(betas=settings.betas))


def _adagrad(groups: Groups, settings: LoopSettings) -> torch.optim.Optimizer:
    return torch.optim.Adagrad(groups, **_given(eps=settings.eps))


def _rmsprop(groups: Groups, settings: LoopSettings) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(groups, momentum=settings.momentum, **_given(eps=settings.eps))


def _adamw_8bit(groups: Groups, settings: LoopSettings) -> torch.optim.Optimizer:
    """Dettmers et al. 2022, arXiv:2110.02861: the two moments in 8 bits, by bitsandbytes."""
    instead = Text(
        "use optimizer: adamw (or adafactor, which needs least memory)", "请改用 adamw（或最省内存的 adafactor）"
    )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise UsageError(
            Text(
                "optimizer: adamw_8bit needs bitsandbytes, which is not installed",
                "adamw_8bit 需要 bitsandbytes，但未安装",
            ),
            todo=instead,
        )
    if any(weight.device.type != "cuda" for group in groups for weight in group["params"]):
        raise UsageError(
            Text("optimizer: adamw_8bit needs the weights on a GPU", "adamw_8bit 需要权重位于 GPU 上"), todo=instead
        )
    library = importlib.import_module("bitsandbytes.optim")
    made: torch.optim.Optimizer = library.AdamW8bit(groups, **_given(betas=settings.betas, eps=settings.eps))
    return made


MAKERS: dict[Optimizer, Callable[[Groups, LoopSettings], torch.optim.Optimizer]] = {
    "adamw": _adamw,
    "adamw_8bit": _adamw_8bit,
    "adafactor": _adafactor,
    "sgd": _sgd,
    "lion": _lion,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
}
