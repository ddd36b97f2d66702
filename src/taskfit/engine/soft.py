"""Soft prompts by PEFT: put before every sequence, begun with words, saved in PEFT's format."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from taskfit.core.errors import NotPossible
from taskfit.core.text import Text
from taskfit.engine.wrap import with_adapter
from taskfit.model.local import LocalModel, flat_rows

Kind = Literal["prompt", "p_tuning", "prefix"]


@dataclass(frozen=True)
class SoftShape:
    """How many trained tokens stand in front, what they begin as, and the network that makes them, if any.

    `encoder` is "none", "mlp" or "lstm" with `units` inside; with one, the tokens begin at random.
    """

    kind: Kind
    tokens: int
    text: str = ""
    encoder: str = "none"
    units: int = 0
    dropout: float = 0.0


def add_soft(model: LocalModel, shape: SoftShape, seed: int) -> LocalModel:
    """Return a copy with fresh trained tokens in front of every sequence."""
    if shape.tokens >= model.card.context:
        raise NotPossible(
            Text(
                f"{shape.tokens} trained tokens leave no room in the {model.card.context} that the model reads",
                f"模型只能读 {model.card.context} 个 token，放不下 {shape.tokens} 个训练的 token",
            )
        )
    copy = with_adapter(model, _config(model, shape), seed)
    if shape.encoder == "none":
        ids = first_ids(model, shape.tokens, shape.text, seed)
        begin = _as_prefix(model, ids) if shape.kind == "prefix" else model.network.get_input_embeddings().weight[ids]
        with torch.no_grad():
            copy.network.prompt_encoder["default"].embedding.weight.copy_(begin)
    return copy


def first_ids(model: LocalModel, count: int, text: str, seed: int) -> list[int]:
    """Return the token ids that trained tokens begin as: those of `text`, over and over, or random ones."""
    if text:
        found = model.encode([text])[0]
        if not found:
            raise NotPossible(Text(f"'{text}' has no tokens", f"'{text}' 没有 token"))
        return [found[place % len(found)] for place in range(count)]
    special = set(model.tokenizer.all_special_ids)
    usable = sorted(number for number in model.tokenizer.get_vocab().values() if number not in special)
    return [int(number) for number in np.random.default_rng(seed).choice(usable, count)]


def _as_prefix(model: LocalModel, ids: list[int]) -> Tensor:
    """Return what the tokens leave in every layer, as PEFT keeps it: [S, layers * 2 * K * D], keys before values."""
    tokens, positions, layout = flat_rows([ids], causal=model.body.causal, device=model.device)
    layout.record = True
    with torch.no_grad():
        model.body.run(model.body.embed(tokens, positions), positions, layout, (0, len(model.body.layers)))
    parts = [part for number in range(len(model.body.layers)) for part in layout.seen[number]]
    return torch.stack(parts).permute(2, 0, 1, 3).reshape(len(ids), -1)


def _config(model: LocalModel, shape: SoftShape) -> Any:
    from peft import PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig

    task = "CAUSAL_LM" if model.body.causal else "FEATURE_EXTRACTION"
    shared: dict[str, Any] = {"task_type": task, "num_virtual_tokens": shape.tokens}
    if shape.kind == "prompt":
        return PromptTuningConfig(**shared, prompt_tuning_init="RANDOM")
    units = shape.units or model.card.width
    if shape.kind == "prefix":
        return PrefixTuningConfig(**shared, prefix_projection=shape.encoder != "none", encoder_hidden_size=units)
    return PromptEncoderConfig(
        **shared,
        encoder_reparameterization_type=shape.encoder.upper(),
        encoder_hidden_size=units,
        encoder_dropout=shape.dropout,
    )
