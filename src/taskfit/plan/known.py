"""Shapes of well-known models by name, as their config.json tells them; nothing is downloaded."""

from collections.abc import Mapping
from typing import Any

from taskfit.plan.config import shape_of
from taskfit.plan.shape import Shape

Numbers = tuple[int, int, int, int, int, int]  # layers, width, heads, key heads, inner, vocabulary


def _as_config(family: str, numbers: Numbers, **more: Any) -> dict[str, Any]:
    layers, width, heads, keys, inner, vocabulary = numbers
    return {
        "model_type": family,
        "num_hidden_layers": layers,
        "hidden_size": width,
        "num_attention_heads": heads,
        "num_key_value_heads": keys,
        "intermediate_size": inner,
        "vocab_size": vocabulary,
        **more,
    }


def _gpt2(layers: int, width: int, heads: int) -> dict[str, Any]:
    sizes = {"n_layer": layers, "n_embd": width, "n_head": heads, "vocab_size": 50257, "n_positions": 1024}
    return {"model_type": "gpt2", **sizes}


def _chatglm(seq_length: int) -> dict[str, Any]:
    return {
        "model_type": "chatglm",
        "num_layers": 28,
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "kv_channels": 128,
        "multi_query_group_num": 2,
        "ffn_hidden_size": 13696,
        "padded_vocab_size": 65024,
        "seq_length": seq_length,
    }


TIED: dict[str, Any] = {"tie_word_embeddings": True}
# The encoders' special tokens are no rows of the vocabulary beyond `vocab_size`; RoBERTa has one token type.
CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "gpt2": _gpt2(12, 768, 12),
    "gpt2-medium": _gpt2(24, 1024, 16),
    "gpt2-large": _gpt2(36, 1280, 20),
    "gpt2-xl": _gpt2(48, 1600, 25),
    "llama-2-7b": _as_config("llama", (32, 4096, 32, 32, 11008, 32000), max_position_embeddings=4096),
    "llama-2-13b": _as_config("llama", (40, 5120, 40, 40, 13824, 32000), max_position_embeddings=4096),
    "llama-2-70b": _as_config("llama", (80, 8192, 64, 8, 28672, 32000), max_position_embeddings=4096),
    "codellama-34b": _as_config("llama", (48, 8192, 64, 8, 22016, 32000), max_position_embeddings=16384),
    "llama-3-8b": _as_config("llama", (32, 4096, 32, 8, 14336, 128256), max_position_embeddings=8192),
    "llama-3-70b": _as_config("llama", (80, 8192, 64, 8, 28672, 128256), max_position_embeddings=8192),
    "llama-3.1-8b": _as_config("llama", (32, 4096, 32, 8, 14336, 128256), max_position_embeddings=131072),
    "llama-3.1-70b": _as_config("llama", (80, 8192, 64, 8, 28672, 128256), max_position_embeddings=131072),
    "llama-3.1-405b": _as_config("llama", (126, 16384, 128, 8, 53248, 128256), max_position_embeddings=131072),
    "llama-3.2-1b": _as_config(
        "llama", (16, 2048, 32, 8, 8192, 128256), head_dim=64, max_position_embeddings=131072, **TIED
    ),
    "llama-3.2-3b": _as_config(
        "llama", (28, 3072, 24, 8, 8192, 128256), head_dim=128, max_position_embeddings=131072, **TIED
    ),
    "tinyllama-1.1b": _as_config("llama", (22, 2048, 32, 4, 5632, 32000), max_position_embeddings=2048),
    "yi-6b": _as_config("llama", (32, 4096, 32, 4, 11008, 64000), max_position_embeddings=4096),
    "yi-34b": _as_config("llama", (60, 7168, 56, 8, 20480, 64000), max_position_embeddings=4096),
    "mistral-7b": _as_config("mistral", (32, 4096, 32, 8, 14336, 32000), max_position_embeddings=32768),
    "qwen-1.8b": _as_config("qwen", (24, 2048, 16, 16, 11008, 151936), max_position_embeddings=8192),
    "qwen-7b": _as_config("qwen", (32, 4096, 32, 32, 22016, 151936), max_position_embeddings=8192),
    "qwen-14b": _as_config("qwen", (40, 5120, 40, 40, 27392, 152064), max_position_embeddings=8192),
    "qwen-72b": _as_config("qwen", (80, 8192, 64, 64, 49152, 152064), max_position_embeddings=32768),
    "qwen2.5-0.5b": _as_config("qwen2", (24, 896, 14, 2, 4864, 151936), max_position_embeddings=32768, **TIED),
    "qwen2.5-1.5b": _as_config("qwen2", (28, 1536, 12, 2, 8960, 151936), max_position_embeddings=131072, **TIED),
    "qwen2.5-3b": _as_config("qwen2", (36, 2048, 16, 2, 11008, 151936), max_position_embeddings=32768, **TIED),
    "qwen2.5-7b": _as_config("qwen2", (28, 3584, 28, 4, 18944, 152064), max_position_embeddings=131072),
    "qwen2.5-14b": _as_config("qwen2", (48, 5120, 40, 8, 13824, 152064), max_position_embeddings=131072),
    "qwen2.5-32b": _as_config("qwen2", (64, 5120, 40, 8, 27648, 152064), max_position_embeddings=131072),
    "qwen2.5-72b": _as_config("qwen2", (80, 8192, 64, 8, 29568, 152064), max_position_embeddings=131072),
    "qwen3-0.6b": _as_config(
        "qwen3", (28, 1024, 16, 8, 3072, 151936), head_dim=128, max_position_embeddings=40960, **TIED
    ),
    "qwen3-1.7b": _as_config(
        "qwen3", (28, 2048, 16, 8, 6144, 151936), head_dim=128, max_position_embeddings=40960, **TIED
    ),
    "qwen3-4b": _as_config(
        "qwen3", (36, 2560, 32, 8, 9728, 151936), head_dim=128, max_position_embeddings=40960, **TIED
    ),
    "qwen3-8b": _as_config("qwen3", (36, 4096, 32, 8, 12288, 151936), head_dim=128, max_position_embeddings=40960),
    "qwen3-14b": _as_config("qwen3", (40, 5120, 40, 8, 17408, 151936), head_dim=128, max_position_embeddings=40960),
    "qwen3-32b": _as_config("qwen3", (64, 5120, 64, 8, 25600, 151936), head_dim=128, max_position_embeddings=40960),
    "chatglm3-6b": _chatglm(8192),
    "baichuan2-7b": _as_config("baichuan", (32, 4096, 32, 32, 11008, 125696), max_position_embeddings=4096),
    "baichuan2-13b": _as_config("baichuan", (40, 5120, 40, 40, 13696, 125696), max_position_embeddings=4096),
    "phi-1.5": _as_config("phi", (24, 2048, 32, 32, 8192, 51200), max_position_embeddings=2048),
    "stablelm-alpha-3b": _as_config("gpt_neox", (16, 4096, 32, 32, 16384, 50688), max_position_embeddings=4096),
    "pythia-1b": _as_config("gpt_neox", (16, 2048, 8, 8, 8192, 50304), max_position_embeddings=2048),
    "pythia-6.9b": _as_config("gpt_neox", (32, 4096, 32, 32, 16384, 50432), max_position_embeddings=2048),
    "falcon-7b": _as_config("falcon", (32, 4544, 71, 1, 18176, 65024), max_position_embeddings=2048),
    "falcon-40b": _as_config(
        "falcon",
        (60, 8192, 128, 8, 32768, 65024),
        new_decoder_architecture=True,
        num_kv_heads=8,
        max_position_embeddings=2048,
    ),
    "bert-base": _as_config("bert", (12, 768, 12, 12, 3072, 30522), max_position_embeddings=512),
    "bert-large": _as_config("bert", (24, 1024, 16, 16, 4096, 30522), max_position_embeddings=512),
    "bert-base-chinese": _as_config("bert", (12, 768, 12, 12, 3072, 21128), max_position_embeddings=512),
    "roberta-base": _as_config(
        "roberta", (12, 768, 12, 12, 3072, 50265), max_position_embeddings=514, type_vocab_size=1
    ),
    "xlm-roberta-base": _as_config(
        "xlm-roberta", (12, 768, 12, 12, 3072, 250002), max_position_embeddings=514, type_vocab_size=1
    ),
}


def names() -> tuple[str, ...]:
    """Return the names of the known shapes."""
    return tuple(CONFIGS)


def known(name: str) -> Shape | None:
    """Return the shape of a well-known model, or None when the name is not in the table.

    Case does not matter, nor what stands before a slash, nor a closing "-hf", "-chat", "-instruct", "-base", "-v0.1".
    """
    short = name.rsplit("/", 1)[-1].lower().replace("meta-", "").replace("_", "-")
    while short not in CONFIGS and short.endswith(("-hf", "-chat", "-instruct", "-base", "-v0.1", "-v0.3", "-uncased")):
        short = short.rsplit("-", 1)[0]
    config = CONFIGS.get(short)
    return None if config is None else shape_of(config, short)
