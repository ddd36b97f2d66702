"""QLoRA: the numbers of PEFT over the unpacked weights, adapters that fit any base, starts that repair the rounding."""

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from engine.oracle import assert_same_gradients, learner_of, our_gradients, their_gradients
from taskfit.app.settings import method_class
from taskfit.core.errors import NotPossible, UsageError
from taskfit.engine.lora import LoraShape, add_lora, save_lora
from taskfit.engine.wrap import adapter_off, inner_names, load_adapter, quantized
from taskfit.model.local import LocalModel
from taskfit.model.open import open_local
from taskfit.model.quantized import Bits, Quantized
from tiny_models import FAMILIES, TinyModels

TEXTS = ["the cat sat 好", "很 不 喜欢 菜 and the dog ran"]
every_bits = pytest.mark.parametrize("bits", [4, 8])
every_family = pytest.mark.parametrize("family", FAMILIES)
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


def hidden(model: LocalModel) -> torch.Tensor:
    return model.hidden(model.encode(TEXTS, special=True))[0]


def moved(model: LocalModel) -> LocalModel:
    drawn = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for weight in model.network.parameters():
            if weight.requires_grad:
                weight.add_(0.05 * torch.randn(weight.shape, generator=drawn))
    return model


@every_family
@every_bits
@pytest.mark.parametrize("dora", [False, True], ids=["lora", "dora"])
def test_loss_and_gradients_are_those_of_peft_over_the_unpacked_weights(
    tiny: TinyModels, family: str, bits: Bits, dora: bool
) -> None:
    base = tiny.open(family)
    small = quantized(base, bits)
    tuned = moved(add_lora(small, LoraShape(r=4, alpha=8, dora=dora), 1))
    plain, names = tiny.plain(family), inner_names(base)
    with torch.no_grad():
        for name in names:
            module, packed = plain.get_submodule(name), small.network.get_submodule(name)
            assert isinstance(packed, Quantized)
            module.weight.copy_(packed.weight if isinstance(module, torch.nn.Linear) else packed.weight.T)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=names, fan_in_fan_out=family == "gpt2", use_dora=dora)
    theirs = get_peft_model(plain, config)
    ours = dict(tuned.network.named_parameters())
    with torch.no_grad():
        for name, weight in theirs.named_parameters():
            if weight.requires_grad:
                weight.copy_(ours[name])
    learner = learner_of(tuned, base)
    assert_same_gradients(our_gradients(learner), their_gradients(theirs, learner))


@every_family
def test_the_adapter_is_loaded_over_the_same_bits_or_over_the_whole_base(
    tiny: TinyModels, family: str, tmp_path: Path
) -> None:
    base = tiny.open(family)
    before = hidden(base)
    small = quantized(base, 4)
    tuned = moved(add_lora(small, LoraShape(r=4, alpha=8), 1))
    with adapter_off(tuned):
        assert torch.equal(hidden(tuned), hidden(small))
    save_lora(tuned, tmp_path)
    assert torch.equal(hidden(load_adapter(quantized(base, 4), tmp_path)), hidden(tuned))
    load_adapter(base, tmp_path)  # and there it can be merged
    assert torch.equal(hidden(base), before)


@every_family
def test_loftq_starts_nearer_to_the_whole_weights(tiny: TinyModels, family: str) -> None:
    base = tiny.open(family)
    small = quantized(base, 4)
    repaired = add_lora(small, LoraShape(r=8, alpha=8, start="loftq"), 1, true=base)
    inside = repaired.network.get_base_model()
    for name in inner_names(base):
        module, source = inside.get_submodule(name), base.network.get_submodule(name)
        true = source.weight if isinstance(source, torch.nn.Linear) else source.weight.T
        packed = module.base_layer.weight
        near = packed + module.get_delta_weight("default").detach()
        largest = torch.linalg.svdvals(true - packed)
        assert float(torch.linalg.matrix_norm(true - near, 2)) == pytest.approx(float(largest[8]), rel=1e-3)


def test_the_matrices_of_the_base_are_not_copied_and_nothing_else_is(tiny: TinyModels) -> None:
    base = tiny.open("llama")
    small = quantized(base, 4)
    ours = {weight.data_ptr() for weight in base.network.parameters()}
    assert {weight.data_ptr() for weight in small.network.parameters()} <= ours
    packed = {id(part) for part in small.network.buffers()}
    assert {id(part) for part in add_lora(small, LoraShape(r=4, alpha=8), 1).network.buffers()} == packed


def test_what_it_cannot_do_is_told(tiny: TinyModels) -> None:
    small = open_local(str(tiny.folder("llama")), bits=8)
    qlora = method_class("qlora")
    qlora.read({"bits": 8}).prepare(small, 0)
    with pytest.raises(NotPossible, match="opened in 8 bits, not in 4"):
        qlora.read({}).prepare(small, 0)
    with pytest.raises(NotPossible, match="before they were quantised"):
        qlora.read({"bits": 8, "start": "loftq"}).prepare(small, 0)
    with pytest.raises(UsageError, match="start: pissa is not for this method"):
        qlora.read({"start": "pissa"})
