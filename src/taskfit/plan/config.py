"""From config.json to a Shape, family by family; a config that says too little, or the impossible, is refused."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from taskfit.core.errors import ModelError
from taskfit.core.text import Text
from taskfit.plan.shape import Matrix, Shape

Config = Mapping[str, Any]


def shape_of(config: Config, name: str, path: Path | None = None) -> Shape:
    """Return the shape that `config` (the content of a config.json) describes; raise ModelError when it cannot be read."""
    where = "" if path is None else str(path)
    family = str(config.get("model_type", ""))
    if any(config.get(key) for key in ("num_experts", "num_local_experts", "n_routed_experts")):
        raise ModelError(Text("mixtures of experts are not covered", "不支持混合专家（MoE）模型"), where=where)
    if family not in READERS:
        known = ", ".join(sorted(READERS))
        raise ModelError(
            Text(f"the memory of '{family}' models is not known", f"不了解 '{family}' 类模型的内存"),
            where=where,
            todo=Text(f"known types: {known}", f"支持的类型：{known}"),
        )
    try:
        return READERS[family](config, name)
    except KeyError as missing:
        raise ModelError(
            Text(f"{missing} is missing, which this planner needs", f"缺少估算所需的 {missing}"), where=where
        ) from None


def _gated(config: Config, names: tuple[str, ...]) -> tuple[Matrix, ...]:
    """The matrices of a layer with q, k, v, o and a gated feed-forward part, under the family's `names`."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    query, key = _heads(config)
    biased = bool(config.get("attention_bias", False))
    in_biased = biased or config["model_type"] == "qwen2"
    bent = bool(config.get("mlp_bias", False))
    q, k, v, o, gate, up, down = names
    return (
        Matrix(q, width, query, "first", in_biased),
        Matrix(k, width, key, "first", in_biased),
        Matrix(v, width, key, "first", in_biased),
        Matrix(o, query, width, "mixed", biased),
        Matrix(gate, width, inner, "second", bent),
        Matrix(up, width, inner, "second", bent),
        Matrix(down, inner, width, "inner", bent),
    )


LLAMA_NAMES = (
    *(f"self_attn.{one}_proj" for one in "qkvo"),
    *(f"mlp.{one}_proj" for one in ("gate", "up", "down")),
)


def _heads(config: Config) -> tuple[int, int]:
    """Return the width of all query heads and of all key heads."""
    heads = config["num_attention_heads"]
    width = config.get("head_dim") or config["hidden_size"] // heads
    return heads * width, (config.get("num_key_value_heads") or heads) * width


def _llama(config: Config, name: str) -> Shape:
    width = config["hidden_size"]
    head = _heads(config)[0] // config["num_attention_heads"]
    more = 2 * head if config["model_type"] == "qwen3" else 0
    return _usual(config, name, matrices=_gated(config, LLAMA_NAMES), vectors=2 * width + more)


def _usual(config: Config, name: str, **own: Any) -> Shape:
    """A Llama-like layer with RMS norms, its sizes by the names that most configs give them; `own` says what is otherwise."""
    width = config["hidden_size"]
    query, key = _heads(config)
    usual = {
        "family": config["model_type"],
        "layers": config["num_hidden_layers"],
        "width": width,
        "inner": own.get("inner") or config["intermediate_size"],
        "heads": config["num_attention_heads"],
        "query": query,
        "key": key,
        "vocabulary": config["vocab_size"],
        "context": config.get("max_position_embeddings", 0),
        "vectors": 2 * width,
        "outside": width,
        "tied": bool(config.get("tie_word_embeddings", False)),
    }
    return Shape(name=name, **{**usual, **own})


def _gpt2(config: Config, name: str) -> Shape:
    width, heads = config["n_embd"], config["n_head"]
    inner = config.get("n_inner") or 4 * width
    positions = config["n_positions"]
    matrices = (
        Matrix("attn.c_attn", width, 3 * width, "first", True),
        Matrix("attn.c_proj", width, width, "mixed", True),
        Matrix("mlp.c_fc", width, inner, "second", True),
        Matrix("mlp.c_proj", inner, width, "inner", True),
    )
    return Shape(
        name=name,
        family="gpt2",
        layers=config["n_layer"],
        width=width,
        inner=inner,
        heads=heads,
        query=width,
        key=width,
        vocabulary=config["vocab_size"],
        context=positions,
        matrices=matrices,
        vectors=4 * width,
        outside=positions * width + 2 * width,
        norm="layer",
        saved_inner=4,  # the tanh form of GELU is written out in small steps
        tied=bool(config.get("tie_word_embeddings", True)),
    )


def _bert(config: Config, name: str) -> Shape:
    width, inner = config["hidden_size"], config["intermediate_size"]
    matrices = (
        *(Matrix(f"attention.self.{one}", width, width, "first", True) for one in ("query", "key", "value")),
        Matrix("attention.output.dense", width, width, "mixed", True),
        Matrix("intermediate.dense", width, inner, "second", True),
        Matrix("output.dense", inner, width, "inner", True),
    )
    around = config["max_position_embeddings"] + config.get("type_vocab_size", 2) + 2
    return _usual(
        config,
        name,
        matrices=matrices,
        vectors=4 * width,
        outside=around * width,
        norm="layer",
        saved_inner=1,
        tied=False,
        encoder=True,
    )


def _neox(config: Config, name: str) -> Shape:
    width, inner = config["hidden_size"], config["intermediate_size"]
    biased = bool(config.get("attention_bias", True))
    matrices = (
        Matrix("attention.query_key_value", width, 3 * width, "first", biased),
        Matrix("attention.dense", width, width, "mixed", biased),
        Matrix("mlp.dense_h_to_4h", width, inner, "second", True),
        Matrix("mlp.dense_4h_to_h", inner, width, "inner", True),
    )
    return _parallel(config, name, matrices=matrices, norms=2)


def _phi(config: Config, name: str) -> Shape:
    width, inner = config["hidden_size"], config["intermediate_size"]
    query, key = _heads(config)
    matrices = (
        Matrix("self_attn.q_proj", width, query, "first", True),
        Matrix("self_attn.k_proj", width, key, "first", True),
        Matrix("self_attn.v_proj", width, key, "first", True),
        Matrix("self_attn.dense", query, width, "mixed", True),
        Matrix("mlp.fc1", width, inner, "second", True),
        Matrix("mlp.fc2", inner, width, "inner", True),
    )
    return _parallel(config, name, matrices=matrices, norms=1)


def _falcon(config: Config, name: str) -> Shape:
    width, heads = config["hidden_size"], config["num_attention_heads"]
    inner = config.get("ffn_hidden_size") or 4 * width
    new = bool(config.get("new_decoder_architecture", False))
    keys = config.get("num_kv_heads", 8) if new else 1 if config.get("multi_query", True) else heads
    biased = bool(config.get("bias", False))
    fused = width + 2 * keys * (width // heads)
    matrices = (
        Matrix("self_attention.query_key_value", width, fused, "first", biased),
        Matrix("self_attention.dense", width, width, "mixed", biased),
        Matrix("mlp.dense_h_to_4h", width, inner, "second", biased),
        Matrix("mlp.dense_4h_to_h", inner, width, "inner", biased),
    )
    told = {**config, "intermediate_size": inner, "num_key_value_heads": keys, "tie_word_embeddings": True}
    return _parallel(told, name, matrices=matrices, norms=2 if new else 1)


def _parallel(config: Config, name: str, *, matrices: tuple[Matrix, ...], norms: int) -> Shape:
    """A layer whose attention and feed-forward part stand side by side, with LayerNorms and a plain GELU."""
    width = config["hidden_size"]
    return _usual(
        config,
        name,
        matrices=matrices,
        vectors=2 * norms * width,
        outside=2 * width,
        norm="layer",
        norms=norms,
        saved_inner=1,
        head_biased=config["model_type"] == "phi",
    )


def _qwen(config: Config, name: str) -> Shape:
    """The first Qwen (2023): one fused q, k, v matrix with biases; `intermediate_size` counts both halves of the gate."""
    width, inner = config["hidden_size"], config["intermediate_size"] // 2
    query, _ = _heads(config)
    matrices = (
        Matrix("attn.c_attn", width, 3 * query, "first", True),
        Matrix("attn.c_proj", query, width, "mixed"),
        Matrix("mlp.w1", width, inner, "second"),
        Matrix("mlp.w2", width, inner, "second"),
        Matrix("mlp.c_proj", inner, width, "inner"),
    )
    return _usual(config, name, matrices=matrices, inner=inner)


def _chatglm(config: Config, name: str) -> Shape:
    """ChatGLM 2 and 3: grouped keys, a gated feed-forward part whose two halves are one matrix."""
    told = {
        **config,
        "num_hidden_layers": config["num_layers"],
        "vocab_size": config["padded_vocab_size"],
        "max_position_embeddings": config.get("seq_length", 0),
        "head_dim": config["kv_channels"],
        "num_key_value_heads": config["multi_query_group_num"],
    }
    width, inner = config["hidden_size"], config["ffn_hidden_size"]
    query, key = _heads(told)
    matrices = (
        Matrix("self_attention.query_key_value", width, query + 2 * key, "first", True),
        Matrix("self_attention.dense", query, width, "mixed"),
        Matrix("mlp.dense_h_to_4h", width, 2 * inner, "second"),
        Matrix("mlp.dense_4h_to_h", inner, width, "inner"),
    )
    return _usual(told, name, matrices=matrices, inner=inner)


def _baichuan(config: Config, name: str) -> Shape:
    width, inner = config["hidden_size"], config["intermediate_size"]
    matrices = (
        Matrix("self_attn.W_pack", width, 3 * width, "first"),
        Matrix("self_attn.o_proj", width, width, "mixed"),
        Matrix("mlp.gate_proj", width, inner, "second"),
        Matrix("mlp.up_proj", width, inner, "second"),
        Matrix("mlp.down_proj", inner, width, "inner"),
    )
    return _usual(config, name, matrices=matrices, inner=inner)


READERS: dict[str, Callable[[Config, str], Shape]] = {
    "llama": _llama,
    "mistral": _llama,
    "qwen2": _llama,
    "qwen3": _llama,
    "gpt2": _gpt2,
    "bert": _bert,
    "roberta": _bert,
    "xlm-roberta": _bert,
    "gpt_neox": _neox,
    "phi": _phi,
    "falcon": _falcon,
    "qwen": _qwen,
    "chatglm": _chatglm,
    "baichuan": _baichuan,
}
