"""LoRA in three matrix products a pass: the same numbers as PEFT's modules, without their passes over [T, out].

y = x W^T + b + s (x A^T) B^T. Letters: T tokens, I inputs, O outputs, r rank; W [O, I], A [r, I], B [O, r].
A quantised W is read anew in the backward pass, so that it never stands unpacked in memory for long.
"""

from typing import Any

import torch
from torch import Tensor, nn

from taskfit.model.quantized import Quantized

START = "start"  # names the frozen first values of A and B, see lora.py


class _LoraLinear(torch.autograd.Function):
    """The sum above with its gradients for x, A and B; W and b are frozen."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, frozen: nn.Module, a: Tensor, b: Tensor, scale: float) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        low, up = a.to(x.dtype), b.to(x.dtype)
        down = flat @ low.T  # [T, r]
        out = frozen(flat)
        out.addmm_(down, up.T, alpha=scale)
        ctx.save_for_backward(flat, down, low, up)
        ctx.frozen, ctx.scale, ctx.dtypes = frozen, scale, (a.dtype, b.dtype)
        whole: Tensor = out.view(*x.shape[:-1], -1)
        return whole

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        flat, down, low, up = ctx.saved_tensors
        g = grad.reshape(-1, grad.shape[-1])
        back = g @ up  # [T, r]
        dx = None
        if ctx.needs_input_grad[0]:
            dx = (g @ matrix_of(ctx.frozen).to(g.dtype)).addmm_(back, low, alpha=ctx.scale).view(*grad.shape[:-1], -1)
        da = (back.T @ flat).mul_(ctx.scale).to(ctx.dtypes[0])
        db = (g.T @ down).mul_(ctx.scale).to(ctx.dtypes[1])
        return dx, None, da, db, None


def quicken(network: nn.Module) -> int:
    """Let PEFT's LoRA modules in `network` compute this way where it is the same; return how many do.

    Left as they are: modules with dropout, DoRA, another base than a linear module, or more than one active adapter.
    A module that is merged or switched off computes as PEFT does.
    """
    from peft.tuners.lora import Linear

    changed = 0
    for module in network.modules():
        if isinstance(module, Linear) and _is_plain(module):
            module.forward = _Quick(module)
            changed += 1
    return changed


class _Quick:
    """The forward pass of one module. Holds the module's own forward for the cases that are not plain."""

    def __init__(self, module: Any):
        self.module, self.otherwise = module, module.forward

    def __call__(self, x: Tensor, *args: Any, **options: Any) -> Tensor:
        module = self.module
        if module.disable_adapters or module.merged or args or options:
            return self.otherwise(x, *args, **options)  # type: ignore[no-any-return]
        name = module.active_adapters[0]
        a, b = module.lora_A[name].weight, module.lora_B[name].weight
        start = start_of(module)
        if start is not None:
            a, b = torch.cat([a, start[0].to(a)]), torch.cat([b, -start[1].to(b)], 1)
        return _LoraLinear.apply(x, module.base_layer, a, b, module.scaling[name])  # type: ignore[no-any-return,no-untyped-call]


def matrix_of(module: Any) -> Tensor:
    """Return the weight [O, I] of a linear module; GPT-2's Conv1D keeps it the other way round."""
    weight: Tensor = module.weight
    return weight if isinstance(module, nn.Linear) else weight.T


def start_of(module: nn.Module) -> tuple[Tensor, Tensor] | None:
    """Return the frozen first values of A and B whose product is taken out of the weights, or None."""
    held = dict(module.named_buffers(recurse=False))
    return (held[f"{START}_a"], held[f"{START}_b"]) if f"{START}_a" in held else None


def _is_plain(module: Any) -> bool:
    from transformers.pytorch_utils import Conv1D

    names = list(module.active_adapters)
    if len(names) != 1 or type(module.base_layer) not in (nn.Linear, Conv1D, Quantized):
        return False
    name = names[0]
    dropout = module.lora_dropout[name]
    variant = module.lora_variant.get(name)
    return (
        isinstance(dropout, nn.Identity)
        and variant is None
        and module.lora_A[name].bias is None
        and not _biased(module, name)
    )


def _biased(module: Any, name: str) -> bool:
    return module.lora_B[name].bias is not None
