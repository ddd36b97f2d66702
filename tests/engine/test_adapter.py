"""Bottleneck adapters: the identity at the start, the same as by hand in plain transformers, several side by side."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.oracle import assert_same_gradients, learner_of, our_gradients, their_gradients
from taskfit.core.errors import ModelError
from taskfit.core.files import read_json, write_json
from taskfit.engine.adapter import FACTS, TENSORS, Shape, add_adapter, choose, load_adapters, save_adapter
from taskfit.model.local import LocalModel
from tiny_models import FAMILIES, LAYERS, WIDTH, TinyModels

SIZE = 5
TEXTS = ["the cat sat 好", "很 不 喜欢 菜 and the dog ran"]
ENDS = {
    "llama": ("self_attn.o_proj", "mlp.down_proj"),
    "qwen2": ("self_attn.o_proj", "mlp.down_proj"),
    "gpt2": ("attn.c_proj", "mlp.c_proj"),
    "bert": ("attention.output.dense", "output.dense"),
}
every_family = pytest.mark.parametrize("family", FAMILIES)
every_form = pytest.mark.parametrize("form", ["houlsby", "pfeiffer"])


def hidden(model: LocalModel) -> torch.Tensor:
    return model.hidden(model.encode(TEXTS, special=True))[0]


def moved(model: LocalModel, seed: int = 9) -> LocalModel:
    """Give every trained weight a change, as training would."""
    drawn = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.network.parameters():
            if weight.requires_grad:
                weight.add_(0.1 * torch.randn(weight.shape, generator=drawn))
    return model


@every_family
@every_form
def test_a_fresh_adapter_is_the_identity_and_only_it_is_trained(tiny: TinyModels, family: str, form: Any) -> None:
    base = tiny.open(family)
    tuned = add_adapter(base, Shape(form, SIZE), 1)
    assert torch.equal(hidden(tuned), hidden(base))
    trained = [weight for weight in tuned.network.parameters() if weight.requires_grad]
    places = LAYERS * (2 if form == "houlsby" else 1)
    assert sum(weight.numel() for weight in trained) == places * (2 * WIDTH * SIZE + WIDTH + SIZE)
    assert all(a.data_ptr() == b.data_ptr() for a, b in zip(_frozen(tuned), base.network.parameters(), strict=True))


def _frozen(model: LocalModel) -> list[Any]:
    return [weight for weight in model.network.parameters() if not weight.requires_grad]


@every_family
@every_form
def test_loss_and_gradients_are_those_of_hooks_in_plain_transformers(tiny: TinyModels, family: str, form: Any) -> None:
    base = tiny.open(family)
    tuned = moved(add_adapter(base, Shape(form, SIZE), 1))
    plain = tiny.plain(family).requires_grad_(False)
    ends = ENDS[family] if form == "houlsby" else ENDS[family][1:]
    ours = dict(tuned.network.named_parameters())
    for name, module in list(plain.named_modules()):
        if any(name.endswith(f".{number}.{end}") for number in range(LAYERS) for end in ends):
            parts = [nn.Linear(WIDTH, SIZE), nn.Linear(SIZE, WIDTH)]
            for part, word in zip(parts, ("down", "up"), strict=True):
                for key, weight in part.named_parameters():
                    weight.data.copy_(ours[f"{name}.adapters.default.{word}.{key}"])
            module.register_forward_hook(_Added(*parts))
            module.add_module("adapters", nn.ModuleDict({"default": nn.ModuleDict({"down": parts[0], "up": parts[1]})}))
    learner = learner_of(tuned, base)
    assert_same_gradients(our_gradients(learner), their_gradients(plain, learner))


class _Added:
    def __init__(self, down: nn.Module, up: nn.Module):
        self.down, self.up = down, up

    def __call__(self, module: nn.Module, given: Any, h: torch.Tensor) -> torch.Tensor:
        return h + self.up(nn.functional.gelu(self.down(h)))


@every_family
def test_saved_and_loaded_it_answers_the_same_and_switched_off_it_is_the_base(
    tiny: TinyModels, family: str, tmp_path: Path
) -> None:
    base = tiny.open(family)
    before = hidden(base)
    tuned = moved(add_adapter(base, Shape("houlsby", SIZE, "silu"), 1))
    save_adapter(tuned, tmp_path, Shape("houlsby", SIZE, "silu"))
    back = load_adapters(base, {"mine": tmp_path})
    assert torch.equal(hidden(back), hidden(tuned))
    assert float((hidden(back) - before).abs().max()) > 0.01
    assert torch.equal(hidden(choose(back, None)), before)
    assert torch.equal(hidden(base), before)
    assert not any(weight.requires_grad for weight in back.network.parameters())
    assert {path.name for path in tmp_path.iterdir()} == {TENSORS, FACTS}


@every_family
def test_several_stand_side_by_side_over_one_base(tiny: TinyModels, family: str, tmp_path: Path) -> None:
    base, made = tiny.open(family), {}
    for seed, (name, form) in enumerate({"one": "houlsby", "two": "pfeiffer"}.items()):
        shape = Shape(form, SIZE + seed)  # type: ignore[arg-type]  # a form
        tuned = moved(add_adapter(base, shape, seed), seed)
        (tmp_path / name).mkdir()
        save_adapter(tuned, tmp_path / name, shape)
        made[name] = hidden(tuned)
    both = load_adapters(base, {name: tmp_path / name for name in made})
    assert torch.equal(hidden(both), made["one"])
    two = choose(both, "two")
    assert torch.equal(hidden(two), made["two"])
    assert torch.equal(hidden(both), made["one"])
    ours = {weight.data_ptr() for weight in base.network.parameters()}
    assert ours <= {weight.data_ptr() for weight in two.network.parameters()}


def test_an_adapter_of_another_model_is_refused(tiny: TinyModels, tmp_path: Path) -> None:
    shape = Shape("pfeiffer", SIZE)
    save_adapter(add_adapter(tiny.open("llama"), shape, 1), tmp_path, shape)
    write_json(tmp_path / FACTS, read_json(tmp_path / FACTS) | {"form": "houlsby"})
    with pytest.raises(ModelError, match="another model"):
        load_adapters(tiny.open("llama"), {"mine": tmp_path})
