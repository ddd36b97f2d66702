"""Parameters are counted as transformers counts them, for every family."""

from typing import Any

import pytest
import torch

from taskfit.core.errors import ModelError
from taskfit.model.body import FAMILIES
from taskfit.plan.config import READERS, shape_of
from taskfit.plan.known import known, names

SIZES = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 80, "num_hidden_layers": 3, "num_attention_heads": 4}
GROUPED = {**SIZES, "num_key_value_heads": 2}
GPT2 = {"vocab_size": 97, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 50}
ENDS = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama, grouped keys": ("llama", GROUPED),
    "llama, tied, biases, wide heads": (
        "llama",
        {**SIZES, "tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True, "head_dim": 16},
    ),
    "mistral": ("mistral", GROUPED),
    "qwen2": ("qwen2", GROUPED),
    "qwen2, tied": ("qwen2", {**GROUPED, "tie_word_embeddings": True}),
    "qwen3": ("qwen3", {**GROUPED, "head_dim": 16}),
    "gpt2": ("gpt2", GPT2),
    "gpt2, untied": ("gpt2", {**GPT2, "tie_word_embeddings": False, "n_inner": 48}),
    "bert": ("bert", {**SIZES, "max_position_embeddings": 40}),
    "roberta": ("roberta", {**SIZES, "max_position_embeddings": 40, "type_vocab_size": 1}),
    "xlm-roberta": ("xlm-roberta", {**SIZES, "max_position_embeddings": 40, "type_vocab_size": 1}),
    "gpt_neox": ("gpt_neox", SIZES),
    "phi": ("phi", SIZES),
    "falcon": ("falcon", SIZES),
    "falcon, new": ("falcon", {**SIZES, "new_decoder_architecture": True, "num_kv_heads": 2}),
}
# Models whose code comes with them; what their authors publish, in billions.
PUBLISHED = {
    "qwen-1.8b": 1.84,
    "qwen-7b": 7.72,
    "qwen-14b": 14.17,
    "qwen-72b": 72.3,
    "chatglm3-6b": 6.24,
    "baichuan2-7b": 7.51,
    "baichuan2-13b": 13.9,
    "llama-2-7b": 6.74,
    "llama-2-13b": 13.02,
    "llama-3.2-3b": 3.213,
    "qwen2.5-0.5b": 0.494,
    "qwen3-8b": 8.19,
    "falcon-40b": 41.3,
}


def network_of(family: str, sizes: dict[str, Any]) -> Any:
    """Return transformers' own network without memory for its weights."""
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

    encoder = family in ("bert", "roberta", "xlm-roberta")
    config = AutoConfig.for_model(family, **sizes, **ENDS)
    options = {"add_pooling_layer": False} if encoder else {}
    with torch.device("meta"):
        return (AutoModel if encoder else AutoModelForCausalLM).from_config(config, **options)


@pytest.mark.parametrize("case", CASES)
def test_parameters_are_those_of_the_real_network(case: str) -> None:
    family, sizes = CASES[case]
    network = network_of(family, sizes)
    shape = shape_of(network.config.to_dict(), "a model")
    assert shape.parameters == sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("case", CASES)
def test_matrices_have_the_names_and_sizes_of_the_real_ones(case: str) -> None:
    family, sizes = CASES[case]
    network = network_of(family, sizes)
    shape = shape_of(network.config.to_dict(), "a model")
    found = {name: module for name, module in network.named_modules() if f".{shape.layers - 1}." in name}
    for matrix in shape.matrices:
        (weight,) = (one.weight for name, one in found.items() if name.endswith(f".{shape.layers - 1}.{matrix.name}"))
        assert sorted(weight.shape) == sorted((matrix.inputs, matrix.outputs)), matrix


def test_every_family_that_can_be_run_can_be_planned() -> None:
    assert set(FAMILIES) <= set(READERS)
    assert {family for family, _ in CASES.values()} >= set(FAMILIES)


@pytest.mark.parametrize("name", PUBLISHED)
def test_known_shapes_have_as_many_parameters_as_published(name: str) -> None:
    shape = known(name)
    assert shape is not None
    assert shape.parameters / 1e9 == pytest.approx(PUBLISHED[name], rel=2e-3)


def test_every_known_name_has_a_shape() -> None:
    assert all(known(name) is not None for name in names())


@pytest.mark.parametrize("name", ["meta-llama/Llama-2-7b-hf", "Llama-2-7b-chat-hf", "LLAMA-2-7B"])
def test_names_are_found_as_people_write_them(name: str) -> None:
    shape = known(name)
    assert shape is not None
    assert shape.name == "llama-2-7b"


def test_a_family_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(ModelError, match=r"'mamba'.*known types.*llama"):
        shape_of({"model_type": "mamba"}, "a model")


def test_a_mixture_of_experts_is_refused() -> None:
    with pytest.raises(ModelError, match="experts"):
        shape_of({"model_type": "qwen2", "num_experts": 8, **GROUPED}, "a model")


def test_a_config_without_a_size_is_refused_by_its_name() -> None:
    with pytest.raises(ModelError, match="hidden_size"):
        shape_of({"model_type": "llama", "num_hidden_layers": 2}, "a model")
