"""LoRA as PEFT builds it, with other starts than zero. Letters: O outputs, I inputs, r rank; W [O, I], A [r, I], B [O, r].

A start (A0, B0) other than zero takes its part out of the frozen weights: W x + s (B A - B0 A0) x. The base stays as
it is, and what is saved is a plain LoRA of rank 2 r, [A; A0] and [B, -B0], that every reader of PEFT's files knows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from taskfit.core.errors import NotPossible
from taskfit.core.files import read_json, write_json
from taskfit.core.text import Text
from taskfit.engine.names import ending_with
from taskfit.engine.quick_lora import START, matrix_of, start_of
from taskfit.engine.wrap import inner_names, save_adapter, with_adapter
from taskfit.model.local import LocalModel
from taskfit.model.quantized import Quantized

# W and the rank and scale of the product give its factors A and B: s B A is the part of W that is trained.
Factors = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class LoraShape:
    """Where low-rank matrices stand and how they begin; see LowRank for each."""

    r: int
    alpha: float
    dropout: float = 0.0
    targets: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    rslora: bool = False
    dora: bool = False
    start: str = "default"

    @property
    def scale(self) -> float:
        """What the product of the two matrices is multiplied with."""
        return float(self.alpha / (self.r**0.5 if self.rslora else self.r))


def add_lora(model: LocalModel, shape: LoraShape, seed: int, *, true: LocalModel | None = None) -> LocalModel:
    """Return a copy with fresh low-rank matrices; raise NotPossible where there is no such module or no such rank.

    `true` has the weights as they were before `model` was quantised.
    """
    from peft import LoraConfig

    every = inner_names(model)
    targets = ending_with(every, shape.targets, where="targets") if shape.targets else every
    _check_rank(model, targets, shape.r)
    whole, tied = _whole(model, shape.whole)
    config = LoraConfig(
        r=shape.r,
        lora_alpha=shape.alpha,
        lora_dropout=shape.dropout,
        target_modules=targets,
        modules_to_save=whole or None,
        ensure_weight_tying=tied,
        use_rslora=shape.rslora,
        use_dora=shape.dora,
        fan_in_fan_out=_as_conv1d(model, targets),
    )
    copy = with_adapter(model, config, seed)
    if shape.start not in ("default", "eva"):  # eva begins when the rows are known, see eva.py
        _begin(copy, true or model, targets, shape)
    return copy


def save_lora(model: LocalModel, folder: Path) -> None:
    """Write the adapter in PEFT's format; one that did not start from zero is written as a plain one of twice the rank."""
    state = model.network.state_dict()
    started = {name: module for name, module in model.network.named_modules() if start_of(module) is not None}
    for name, module in started.items():
        a0, b0 = start_of(module)  # type: ignore[misc]
        for key, frozen, axis in ((f"{name}.lora_A", a0, 0), (f"{name}.lora_B", -b0, 1)):
            (weight,) = (one for one in state if one.startswith(key))
            state[weight] = torch.cat([state[weight], frozen.to(state[weight])], axis)
    save_adapter(model, folder, state)
    path = folder / "adapter" / "adapter_config.json"
    config = read_json(path)
    changed: dict[str, Any] = {}
    if started:
        scale = next(module.scaling["default"] for module in started.values())
        rank = 2 * config["r"]
        changed = {"r": rank, "lora_alpha": scale * rank, "use_rslora": False}
    if config["ensure_weight_tying"] and config["modules_to_save"]:
        changed["modules_to_save"] = _head_first(model, config["modules_to_save"])
    if changed:
        write_json(path, config | changed)


def _head_first(model: LocalModel, whole: list[str]) -> list[str]:
    """Name the head where PEFT wrote the embedding tied to it: of GPT-2 it reads only the head's name as tied."""
    embedding, head = model.network.get_input_embeddings(), model.network.get_output_embeddings()
    named = {id(module): name for name, module in model.network.get_base_model().named_modules()}
    return [named[id(head)] if one == named[id(embedding)] else one for one in whole]


def pissa(weight: Tensor, r: int, scale: float) -> Factors:
    """Return the r largest singular directions of `weight` as A and B (Meng et al. 2024, arXiv:2404.02948)."""
    u, s, v = torch.linalg.svd(weight, full_matrices=False)
    root = torch.sqrt(s[:r] / scale)
    return root[:, None] * v[:r], u[:, :r] * root


def olora(weight: Tensor, r: int, scale: float) -> Factors:  # noqa: ARG001
    """Return the first r directions of the QR decomposition (Büyükakyüz 2024, arXiv:2406.01775)."""
    q, upper = torch.linalg.qr(weight)
    return upper[:r].contiguous(), q[:, :r].contiguous()


STARTS: dict[str, Callable[[Tensor, int, float], Factors]] = {"pissa": pissa, "olora": olora}


@torch.no_grad()
def _begin(copy: LocalModel, true: LocalModel, targets: list[str], shape: LoraShape) -> None:
    inside = copy.network.get_base_model()
    for name in targets:
        module: Any = inside.get_submodule(name)
        source = true.network.get_submodule(name)
        if isinstance(source, Quantized):
            raise NotPossible(
                Text(
                    f"start: {shape.start} needs the weights as they were before they were quantised",
                    f"start: {shape.start} 需要量化之前的权重",
                ),
                todo=Text("open the model unquantised; qlora quantises it", "请以未量化方式打开模型，由 qlora 量化"),
            )
        weight = matrix_of(source).float()
        if shape.start == "loftq":
            # Li et al. 2023, arXiv:2310.08659, algorithm 1 with one round: the largest part of the rounding error.
            a, b = pissa(weight - module.base_layer.weight.float(), shape.r, shape.scale)
        else:
            a, b = STARTS[shape.start](weight, shape.r, shape.scale)
            module.register_buffer(f"{START}_a", a.clone(), persistent=False)
            module.register_buffer(f"{START}_b", b.clone(), persistent=False)
        module.lora_A["default"].weight.copy_(a)
        module.lora_B["default"].weight.copy_(b)


def _as_conv1d(model: LocalModel, targets: list[str]) -> bool:
    return not isinstance(model.network.get_submodule(targets[0]), nn.Linear)


def _check_rank(model: LocalModel, targets: list[str], r: int) -> None:
    for name in targets:
        sizes = tuple(matrix_of(model.network.get_submodule(name)).shape)
        if r > min(sizes):
            raise NotPossible(
                Text(
                    f"r = {r} is more than the matrix {name} ({sizes[0]} x {sizes[1]}) has: it would be no low rank",
                    f"r = {r} 超过矩阵 {name}（{sizes[0]} x {sizes[1]}）的大小：已不是低秩",
                )
            )


def _whole(model: LocalModel, ends: tuple[str, ...]) -> tuple[list[str], bool]:
    """Return full names of the modules to train whole, and whether embedding and head stay one matrix."""
    if not ends:
        return [], False
    named = dict(model.network.named_modules())
    every = [name for name, module in named.items() if name and list(module.parameters(recurse=False))]
    found = ending_with(every, ends, where="whole")
    embedding, head = model.network.get_input_embeddings(), model.network.get_output_embeddings()
    tied = head is not None and head.weight is embedding.weight
    both = [name for name in found if named[name] is embedding or named[name] is head]
    if not (tied and both):
        return found, False
    # PEFT ties them in every family when it is told the head.
    last = next(name for name, module in named.items() if module is head)
    return [last, *(name for name in found if name not in both)], True
