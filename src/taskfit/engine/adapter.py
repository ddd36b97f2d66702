"""Bottleneck adapters: small modules after the sub-layers of a frozen network (Houlsby et al. 2019, arXiv:1902.00751).

h + W_up act(W_down h) on the output of a sub-layer, before it is added to the stream. W_up = 0 at the start, so that a
fresh adapter is the identity. Several stand side by side under names, one of them in use.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from taskfit.core.errors import ModelError
from taskfit.core.files import read_json, write_json
from taskfit.core.text import Text
from taskfit.engine.checkpoint import write_tensors
from taskfit.engine.wrap import make_folder
from taskfit.model.body import FAMILIES, BertBody, Gpt2Body, LlamaBody
from taskfit.model.local import LocalModel

Form = Literal["houlsby", "pfeiffer"]
Activation = Literal["gelu", "relu", "silu"]
ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "gelu": nn.functional.gelu,
    "relu": nn.functional.relu,
    "silu": nn.functional.silu,
}
# The last matrix of each sub-layer, by the family's parts.
PLACES: dict[type, dict[str, str]] = {
    LlamaBody: {"attention": "self_attn.o_proj", "feed_forward": "mlp.down_proj"},
    Gpt2Body: {"attention": "attn.c_proj", "feed_forward": "mlp.c_proj"},
    BertBody: {"attention": "attention.output.dense", "feed_forward": "output.dense"},
}
# After which sub-layers an adapter stands; the second form is that of Pfeiffer et al. 2020 (arXiv:2005.00247).
FORMS: dict[Form, tuple[str, ...]] = {"houlsby": ("attention", "feed_forward"), "pfeiffer": ("feed_forward",)}
TENSORS, FACTS = "adapter.safetensors", "adapter.json"
DEFAULT = "default"


@dataclass(frozen=True)
class Shape:
    """After which sub-layers the adapters stand, how wide they are inside, and what bends them."""

    form: Form
    size: int
    activation: Activation = "gelu"


class Bottleneck(nn.Module):
    """Down to `size` units, an activation, and up again."""

    def __init__(self, width: int, shape: Shape):
        super().__init__()
        self.down, self.up = nn.Linear(width, shape.size), nn.Linear(shape.size, width)
        self.bend = ACTIVATIONS[shape.activation]
        nn.init.zeros_(self.down.bias)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, h: Tensor) -> Tensor:
        """Return what is added to the states h [..., W]."""
        added: Tensor = self.up(self.bend(self.down(h.to(self.down.weight.dtype))))
        return added.to(h.dtype)


class Adapted(nn.Module):
    """A module of the network and the adapters that may follow it; `active` names the one in use, None: none."""

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner = inner
        self.adapters = nn.ModuleDict()
        self.active: str | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of the module and what the adapter in use adds to it."""
        h: Tensor = self.inner(x)
        return h if self.active is None else h + self.adapters[self.active](h)


def add_adapter(model: LocalModel, shape: Shape, seed: int, name: str = DEFAULT) -> LocalModel:
    """Return a copy with a fresh adapter beside those it has; it is in use, and only it is trained."""
    copy = model.fork(())
    torch.manual_seed(seed)
    for _, place in _places(copy, shape.form):
        bottleneck = Bottleneck(copy.card.width, shape).to(copy.device)
        place.adapters[name] = bottleneck
    return _in_use(copy, name)


def choose(model: LocalModel, name: str | None) -> LocalModel:
    """Return the model with the adapter `name` in use (None: none). All weights are shared with `model`."""
    return _in_use(model.fork(()), name)


def save_adapter(model: LocalModel, folder: Path, shape: Shape, name: str = DEFAULT) -> None:
    """Write an adapter as safetensors and JSON, under names that are the same in every family."""
    tensors = {
        f"{place}.{part}": value
        for place, adapted in _adapted(model)
        for part, value in cast(Any, adapted.adapters[name]).state_dict().items()
    }
    make_folder(folder)
    write_tensors(folder / TENSORS, tensors)
    write_json(folder / FACTS, {"kind": "bottleneck", "version": 1, "width": model.card.width} | asdict(shape))


def load_adapters(model: LocalModel, folders: Mapping[str, Path]) -> LocalModel:
    """Return a copy with the saved adapters side by side, the first in use; raise ModelError for one that does not fit."""
    copy = model
    for name, folder in folders.items():
        copy = _load(copy, folder, name)
    copy = choose(copy, next(iter(folders)))
    copy.network.requires_grad_(False)
    copy.network.eval()
    return copy


def _load(model: LocalModel, folder: Path, name: str) -> LocalModel:
    from safetensors.torch import load_file

    facts = read_json(folder / FACTS)
    shape = Shape(facts["form"], facts["size"], facts["activation"])
    copy, stored = add_adapter(model, shape, 0, name), load_file(folder / TENSORS)
    wanted = {
        f"{place}.{part}": value
        for place, adapted in _adapted(copy)
        if name in adapted.adapters
        for part, value in cast(Any, adapted.adapters[name]).state_dict().items()
    }
    if {key: value.shape for key, value in wanted.items()} != {key: value.shape for key, value in stored.items()}:
        raise ModelError(
            Text(
                f"the adapter was made for another model (width {facts['width']}, here {model.card.width})",
                f"该适配器属于另一个模型（宽度 {facts['width']}，此处为 {model.card.width}）",
            ),
            where=str(folder),
        )
    with torch.no_grad():
        for key, value in wanted.items():
            value.copy_(stored[key])
    return copy


def _in_use(model: LocalModel, name: str | None) -> LocalModel:
    for _, adapted in _adapted(model):
        adapted.active = name if name is not None and name in adapted.adapters else None
        for other, adapter in adapted.adapters.items():
            adapter.requires_grad_(other == name)
    return model


def _adapted(model: LocalModel) -> Iterator[tuple[str, Adapted]]:
    for number, layer in enumerate(model.body.layers):
        for place, inside in PLACES[FAMILIES[model.card.family]].items():
            module = layer.get_submodule(inside)
            if isinstance(module, Adapted):
                yield f"layers.{number}.{place}", module


def _places(model: LocalModel, form: Form) -> Iterator[tuple[str, Adapted]]:
    """Yield the modules that an adapter of this form follows, each wrapped where it was not yet."""
    inside = PLACES[FAMILIES[model.card.family]]
    for number, layer in enumerate(model.body.layers):
        for place in FORMS[form]:
            parent, _, last = inside[place].rpartition(".")
            module = layer.get_submodule(inside[place])
            if not isinstance(module, Adapted):
                module = Adapted(module)
                setattr(layer.get_submodule(parent), last, module)
            yield f"layers.{number}.{place}", module
