"""Adapters and trained layers: nothing at the start, nothing left on the base, and readable by plain PEFT."""

import os
from pathlib import Path

import pytest
import torch

from engine.learners import class_learner, desk_at, lora_config, token_learner
from taskfit.engine.loop import LoopSettings, train
from taskfit.engine.wrap import (
    TRAINED,
    inner_names,
    layer_weights,
    load_adapter,
    load_trained,
    save_adapter,
    save_trained,
    with_adapter,
)
from taskfit.model.local import LocalModel
from tiny_models import FAMILIES, LAYERS, TinyModels

SETTINGS = LoopSettings(epochs=2, batch=4, lr=0.01)
TEXTS = ["the cat sat 好", "很 不 喜欢 菜 and the dog ran"]


def _hidden(model: LocalModel) -> torch.Tensor:
    return model.hidden(model.encode(TEXTS, special=True))[0]


def _tuned(tiny: TinyModels, family: str, how: str, tmp_path: Path) -> LocalModel:
    model = tiny.open(family)
    learner = class_learner(model, how) if family == "bert" else token_learner(model, how)
    train(learner, SETTINGS, desk=desk_at(tmp_path)[0])
    learner.mode(training=False)
    return learner.model


@pytest.mark.parametrize("family", FAMILIES)
def test_an_untrained_lora_is_its_base(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family)
    adapted = with_adapter(model, lora_config(model), 3)
    trained = [name for name, p in adapted.network.named_parameters() if p.requires_grad]
    assert len(trained) == 2 * len(inner_names(model))
    assert all("lora_" in name for name in trained)
    assert torch.equal(_hidden(adapted), _hidden(model))  # B = 0


@pytest.mark.parametrize("family", FAMILIES)
def test_a_trained_lora_switched_off_is_its_base(tiny: TinyModels, family: str, tmp_path: Path) -> None:
    base, tuned = tiny.open(family), _tuned(tiny, family, "lora", tmp_path)
    assert float((_hidden(tuned) - _hidden(base)).abs().max()) > 0.01
    with tuned.network.disable_adapter():
        assert torch.equal(_hidden(tuned), _hidden(base))


def test_the_seed_decides_the_start_of_a_lora(tiny: TinyModels) -> None:
    model = tiny.open("llama")

    def drawn(seed: int) -> list[torch.Tensor]:
        network = with_adapter(model, lora_config(model), seed).network
        return [p for name, p in network.named_parameters() if "lora_A" in name]

    one, same, other = drawn(1), drawn(1), drawn(2)
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_adapter_loads_in_plain_peft(tiny: TinyModels, family: str, tmp_path: Path) -> None:
    from peft import PeftModel

    tuned = _tuned(tiny, family, "lora", tmp_path)
    save_adapter(tuned, tmp_path)
    assert torch.equal(_hidden(load_adapter(tiny.open(family), tmp_path)), _hidden(tuned))
    plain = PeftModel.from_pretrained(tiny.plain(family), tmp_path / "adapter").eval()
    inner = plain.get_base_model() if family == "bert" else plain.get_base_model().base_model
    rows = tuned.encode(TEXTS, special=True)
    with torch.inference_mode():
        theirs = torch.cat([inner(torch.tensor([row]))[0][0] for row in rows])
    torch.testing.assert_close(_hidden(tuned), theirs, rtol=0, atol=1e-5 * float(theirs.abs().max()))


def test_adapter_files_may_be_read_by_whom_the_umask_says(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama")
    before = os.umask(0o022)
    try:
        save_adapter(with_adapter(model, lora_config(model), 1), tmp_path)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "adapter").iterdir()} == {0o644}


@pytest.mark.parametrize("how", ["full", "last"])
@pytest.mark.parametrize("family", FAMILIES)
def test_trained_weights_are_saved_and_restored(tiny: TinyModels, family: str, how: str, tmp_path: Path) -> None:
    base, tuned = tiny.open(family), _tuned(tiny, family, how, tmp_path)
    names = [name for name, p in tuned.network.named_parameters() if how == "full" or p.requires_grad]
    save_trained(tuned, tmp_path, names)
    back = load_trained(base, tmp_path)
    assert torch.equal(_hidden(back), _hidden(tuned))
    assert float((_hidden(back) - _hidden(base)).abs().max()) > 0.01
    assert not any(p.requires_grad for p in back.network.parameters())
    small = (tmp_path / TRAINED).stat().st_size < 0.9 * (base.folder / "model.safetensors").stat().st_size
    assert small == (how == "last")


@pytest.mark.parametrize("family", FAMILIES)
def test_last_layers_are_layers_and_final_norm_but_no_embedding_or_head(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family)
    names = set(layer_weights(model, LAYERS - 1))
    everything = [name for name, _ in model.network.named_parameters()]
    layer = {
        name for name in everything if any(f".{part}.{LAYERS - 1}." in f".{name}" for part in ("layers", "h", "layer"))
    }
    final = {"llama": {"model.norm.weight"}, "qwen2": {"model.norm.weight"}, "bert": set()}
    assert names - layer == final.get(family, {"transformer.ln_f.weight", "transformer.ln_f.bias"})
    assert layer <= names


def test_a_fork_shares_what_it_does_not_train(tiny: TinyModels) -> None:
    model = tiny.open("llama")
    wanted = layer_weights(model, LAYERS - 1)
    fork = model.fork(wanted)
    base = dict(model.network.named_parameters())
    for name, parameter in fork.network.named_parameters():
        assert (parameter.data_ptr() == base[name].data_ptr()) == (name not in wanted)
        assert parameter.requires_grad == (name in wanted)
    assert fork.network.get_output_embeddings().weight is fork.network.get_input_embeddings().weight
    assert all(p.data_ptr() != base[name].data_ptr() for name, p in model.fork().network.named_parameters())


def test_a_fork_in_bfloat16_keeps_its_rotary_tables_and_ties(tiny: TinyModels) -> None:
    model = tiny.open("llama")
    fork = model.fork(dtype=torch.bfloat16)
    assert {p.dtype for p in fork.network.parameters()} == {torch.bfloat16}
    assert fork.head is fork.network.get_input_embeddings().weight
    for name, buffer in fork.network.named_buffers():
        assert torch.equal(buffer, dict(model.network.named_buffers())[name])
    assert all(p.dtype == torch.float32 for p in model.network.parameters())


def test_two_forks_do_not_touch_each_other(tiny: TinyModels) -> None:
    model = tiny.open("llama")
    one, other = model.fork(), model.fork()
    with torch.no_grad():
        for parameter in one.network.parameters():
            parameter.add_(1.0)
    assert torch.equal(_hidden(other), _hidden(model))
