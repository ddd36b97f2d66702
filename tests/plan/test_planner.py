"""Identities of the planner: sums, exact states, growth, shares, and the largest that fits."""

from dataclasses import replace
from typing import Any, get_args

import pytest
import torch

from taskfit.engine.loop import LoopSettings
from taskfit.engine.optimizers import make_optimizer
from taskfit.plan.change import WAYS, Knobs, Way, change_of
from taskfit.plan.fits import largest_batch, largest_length
from taskfit.plan.framework import NAMES as FRAMEWORKS
from taskfit.plan.known import known
from taskfit.plan.order import OPTIMIZERS, Optimizer, Order, Sharing
from taskfit.plan.planner import estimate
from taskfit.plan.shape import Shape
from taskfit.plan.weights import base_bytes, cache_bytes, state_bytes


def shape_named(name: str) -> Shape:
    shape = known(name)
    assert shape is not None
    return shape


LLAMA, GPT2, BERT = shape_named("llama-2-7b"), shape_named("gpt2"), shape_named("bert-base")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_total_is_the_sum_of_its_parts_and_the_largest_moment(way: Way, framework: Any) -> None:
    found = estimate(LLAMA, Order(way, framework=framework))
    assert found.total == pytest.approx(max(found.moments.values()))
    assert found.moments[found.moment] == pytest.approx(found.total)
    assert all(count >= 0 for count in found.parts.values())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("checkpointing", [False, True])
def test_more_rows_and_longer_rows_never_need_less(way: Way, framework: Any, checkpointing: bool) -> None:
    order = Order(way, framework=framework, checkpointing=checkpointing, length=700)
    batches = [estimate(LLAMA, replace(order, batch=batch)).total for batch in (1, 2, 3, 8, 11, 12, 13, 64)]
    lengths = [
        estimate(LLAMA, replace(order, batch=2, length=length)).total for length in (1, 128, 4095, 4096, 4097, 9000)
    ]
    assert batches == sorted(batches)
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("name", ["llama-2-7b", "gpt2", "bert-base", "qwen2.5-0.5b"])
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_checkpointing_saves_memory_where_layers_are_trained(name: str, framework: Any) -> None:
    order = Order("full", framework=framework, batch=16, length=512, accumulation=True)
    kept = estimate(shape_named(name), order).total
    assert estimate(shape_named(name), replace(order, checkpointing=True)).total < kept


def test_weights_are_the_least_that_anything_needs() -> None:
    for way in WAYS:
        assert estimate(LLAMA, Order(way)).total > base_bytes(LLAMA, Order(way))


def test_qlora_needs_less_than_lora_and_lora_less_than_full() -> None:
    needs = [estimate(LLAMA, Order(way, checkpointing=True)).total for way in ("qlora", "lora", "full")]
    assert needs == sorted(needs)


@pytest.mark.parametrize("optimizer", [one for one in OPTIMIZERS if one != "adamw_8bit"])
@pytest.mark.parametrize("way", ["full", "last_layers", "lora"])
def test_states_are_those_of_the_real_optimizer(optimizer: Optimizer, way: Way) -> None:
    """On a tiny network; scalars that count steps are left out, they are a few bytes per weight."""
    shape, weights = tiny_weights(way)
    settings = LoopSettings(epochs=1, batch=1, lr=1e-3, optimizer=optimizer)
    real = make_optimizer(weights, settings, {})
    for weight in weights.values():
        weight.grad = torch.ones_like(weight)
    real.step()
    kept = [value for state in real.state.values() for value in state.values() if isinstance(value, torch.Tensor)]
    counted = sum(value.numel() * value.element_size() for value in kept if value.ndim)
    order = Order(way, Knobs(rank=2, layers=1), precision="float32", optimizer=optimizer)
    assert state_bytes(shape, order) == counted


def tiny_weights(way: Way) -> tuple[Shape, dict[str, torch.nn.Parameter]]:
    """Return the shape of a tiny Llama and the weights that the method trains."""
    from transformers import LlamaConfig, LlamaForCausalLM

    from taskfit.plan.config import shape_of

    sizes = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 80, "num_hidden_layers": 2}
    network = LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=4, num_key_value_heads=2))
    shape = shape_of(network.config.to_dict(), "tiny")
    if way == "full":
        return shape, dict(network.named_parameters())
    if way == "last_layers":
        trained = {
            name: one for name, one in network.named_parameters() if ".layers.1." in name or "model.norm" in name
        }
        return shape, trained
    made = {}
    for layer in range(2):
        for matrix in shape.matrices:
            made[f"{layer}.{matrix.name}.a"] = torch.nn.Parameter(torch.zeros(2, matrix.inputs))
            made[f"{layer}.{matrix.name}.b"] = torch.nn.Parameter(torch.zeros(matrix.outputs, 2))
    return shape, made


@pytest.mark.parametrize(
    ("way", "knobs", "trained"),
    [
        ("full", Knobs(), 124_439_808),
        ("lora", Knobs(rank=8), 12 * 8 * ((768 + 2304) + (768 + 768) + 2 * (768 + 3072))),
        ("lora", Knobs(rank=8, targets=("c_attn",)), 294_912),  # as PEFT's documentation counts it
        ("last_layers", Knobs(layers=2), 2 * 7_087_872 + 1536),
        ("adapter", Knobs(size=64), 12 * (2 * 768 * 64 + 64 + 768)),
        ("adapter", Knobs(size=64, form="houlsby"), 24 * (2 * 768 * 64 + 64 + 768)),
        ("prefix", Knobs(tokens=20), 20 * 12 * 2 * 768),
        ("prompt", Knobs(tokens=20), 20 * 768),
        ("ia3", Knobs(), 12 * (2304 + 3072)),
        ("head", Knobs(classes=3), 3 * 769),
        ("inference", Knobs(), 0),
    ],
)
def test_each_method_trains_as_many_numbers_as_by_hand(way: Way, knobs: Knobs, trained: int) -> None:
    assert change_of(way, knobs, GPT2).trained == trained


def test_the_cache_is_the_published_one() -> None:
    """Llama 3.1 8B, 16 bits: 0.125 GiB for 1,024 tokens, 15.62 GiB for 128,000 (Hugging Face, Llama 3.1)."""
    shape = shape_named("llama-3.1-8b")
    assert cache_bytes(shape, 1024, 2) == 0.125 * 2**30
    assert cache_bytes(shape, 128_000, 2) / 2**30 == pytest.approx(15.62, abs=0.01)
    assert cache_bytes(shape_named("llama-3.1-70b"), 1024, 2) / 2**30 == pytest.approx(0.313, abs=0.001)
    assert cache_bytes(BERT, 1024, 2) == 0


def test_packed_bases_have_the_size_of_published_files() -> None:
    """Qwen-7B-Chat-Int4 is 5.86 GB on disk, Qwen-72B-Chat-Int4 41.65 GB."""
    for name, published in (("qwen-7b", 5.86e9), ("qwen-72b", 41.65e9)):
        order = Order("lora", packing="gptq4", precision="float16")
        assert base_bytes(shape_named(name), order) == pytest.approx(published, rel=0.02)


@pytest.mark.parametrize("sharing", get_args(Sharing))
def test_more_devices_never_need_more_each(sharing: Sharing) -> None:
    order = Order("full", framework="deepspeed", sharing=sharing, checkpointing=True)
    needs = [estimate(LLAMA, replace(order, devices=count)).total for count in (1, 2, 4, 8)]
    assert needs == sorted(needs, reverse=True)
    assert (needs[0] == needs[-1]) == (sharing == "ddp")


def test_zero_stages_save_more_one_after_the_other() -> None:
    stages: tuple[Sharing, ...] = ("ddp", "zero1", "zero2", "zero3")
    orders = [Order("full", framework="deepspeed", devices=8, sharing=stage, checkpointing=True) for stage in stages]
    needs = [estimate(LLAMA, order).total for order in orders]
    assert needs == sorted(needs, reverse=True)
    assert needs[-1] < needs[0] / 4


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("room", [16e9, 24e9, 80e9])
def test_the_largest_batch_fits_and_the_next_does_not(framework: Any, room: float) -> None:
    order = Order("lora", framework=framework, length=1024, checkpointing=True)
    batch = largest_batch(LLAMA, order, room)
    assert batch == 0 or estimate(LLAMA, replace(order, batch=batch)).total <= 0.95 * room
    if batch < 1 << 16:
        assert estimate(LLAMA, replace(order, batch=batch + 1)).total > 0.95 * room


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_longest_row_fits_and_a_longer_one_does_not(framework: Any) -> None:
    order = Order("qlora", framework=framework, attention="eager")
    length = largest_length(LLAMA, order, 16e9)
    assert 0 < length <= LLAMA.context
    assert estimate(LLAMA, replace(order, length=length)).total <= 0.95 * 16e9
    if length < LLAMA.context:
        assert estimate(LLAMA, replace(order, length=length + 1)).total > 0.95 * 16e9


def test_nothing_fits_into_less_than_the_weights() -> None:
    assert largest_batch(LLAMA, Order("full"), 10e9) == 0


def test_a_full_card_gives_back_what_is_not_needed() -> None:
    order = Order("lora", framework="transformers", batch=12, varied=True, checkpointing=True)
    shown = estimate(LLAMA, order).total
    assert shown > 40e9
    assert estimate(LLAMA, replace(order, card=40e9)).total == pytest.approx(40e9)
    assert estimate(LLAMA, replace(order, varied=False)).total < 40e9


def test_a_step_of_taskfit_is_cut_into_pieces() -> None:
    order = Order("lora", length=1024)
    at_once = [estimate(LLAMA, replace(order, batch=batch)).parts["activations"] for batch in (8, 16, 1000)]
    assert at_once[0] == at_once[1] == at_once[2]
