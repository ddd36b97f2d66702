"""The parts of a network, family by family: embedding, layers one by one, final norm, language-model head.

Runs transformers' own modules over a flat stream (see flat.py), so that any stretch of layers can be run
alone: frozen lower layers once, trained upper layers often. Adapters that PEFT puts into the modules are
run as they are.
"""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from taskfit.core.errors import ModelError
from taskfit.core.text import Text
from taskfit.model.flat import Layout


class Body(Protocol):
    """A network taken apart. Streams are [1, T, W]: T tokens, W the width."""

    causal: bool

    @property
    def layers(self) -> nn.ModuleList:
        """The layers, lowest first."""
        ...

    def embed(self, ids: Tensor, positions: Tensor) -> Tensor:
        """Return the input of layer 0, [1, T, W], for token ids [T] at positions [T]."""
        ...

    def embed_vectors(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """Return the input of layer 0, [1, T, W], for vectors [T, W] in the place of tokens."""
        ...

    def frame(self, hidden: Tensor, positions: Tensor) -> dict[str, Any]:
        """Return what every layer gets beside the stream (rotary tables)."""
        ...

    def run(self, hidden: Tensor, positions: Tensor, layout: Layout, stretch: tuple[int, int]) -> Tensor:
        """Return the stream after the layers first..end-1 of the `stretch`; after the last layer only `layout.keep`."""
        ...

    def finish(self, hidden: Tensor) -> Tensor:
        """Return the output of the final norm."""
        ...


class _Layers:
    """Layers run one after the other."""

    layers: nn.ModuleList

    def frame(self, hidden: Tensor, positions: Tensor) -> dict[str, Any]:  # noqa: ARG002
        """See Body."""
        return {}

    def run(self, hidden: Tensor, positions: Tensor, layout: Layout, stretch: tuple[int, int]) -> Tensor:
        """See Body."""
        frame, last = self.frame(hidden, positions), len(self.layers)
        keep = layout.keep if stretch[1] == last else None
        for layer in self.layers[stretch[0] : stretch[1] if keep is None else last - 1]:
            hidden = layer(hidden, flat=layout, **frame)
        if keep is None:
            return hidden
        if stretch[0] == last:
            return hidden.index_select(1, keep)
        return self._run_last(self.layers[-1], hidden, keep, {"flat": layout, **frame})

    def _run_last(self, layer: Any, hidden: Tensor, keep: Tensor, frame: dict[str, Any]) -> Tensor:
        """Return the places `keep` of the stream after the last layer."""
        return layer(hidden, **frame).index_select(1, keep)  # type: ignore[no-any-return]


class LlamaBody(_Layers):
    """Llama, Mistral, Qwen2, Qwen3, and others built as embed_tokens, layers, norm, rotary_emb."""

    causal = True

    def __init__(self, network: nn.Module):
        inner: Any = network.get_submodule("model")
        self.inner = inner
        self.layers: nn.ModuleList = inner.layers

    def embed(self, ids: Tensor, positions: Tensor) -> Tensor:  # noqa: ARG002
        """See Body."""
        return self.inner.embed_tokens(ids[None])  # type: ignore[no-any-return]

    def embed_vectors(self, vectors: Tensor, positions: Tensor) -> Tensor:  # noqa: ARG002
        """See Body."""
        return vectors[None]

    def frame(self, hidden: Tensor, positions: Tensor) -> dict[str, Any]:
        """See Body."""
        return {"position_embeddings": self.inner.rotary_emb(hidden, position_ids=positions[None])}

    def finish(self, hidden: Tensor) -> Tensor:
        """See Body."""
        return self.inner.norm(hidden)  # type: ignore[no-any-return]

    def _run_last(self, layer: Any, hidden: Tensor, keep: Tensor, frame: dict[str, Any]) -> Tensor:
        """See _Layers. Behind its attention a place needs no other place: the feed-forward part runs over few."""
        if layer._forward_pre_hooks:  # FSDP brings the weights when the layer is called as a whole
            return super()._run_last(layer, hidden, keep, frame)

        def forward(hidden: Tensor) -> Tensor:
            mixed, _ = layer.self_attn(hidden_states=layer.input_layernorm(hidden), attention_mask=None, **frame)
            kept: Tensor = hidden.index_select(1, keep) + mixed.index_select(1, keep)
            return kept + layer.mlp(layer.post_attention_layernorm(kept))  # type: ignore[no-any-return]

        if layer.gradient_checkpointing and layer.training:
            return layer._gradient_checkpointing_func(forward, hidden)  # type: ignore[no-any-return]
        return forward(hidden)


class Gpt2Body(_Layers):
    """GPT-2: learned positions, Conv1D projections."""

    causal = True

    def __init__(self, network: nn.Module):
        inner: Any = network.get_submodule("transformer")
        self.inner = inner
        self.layers: nn.ModuleList = inner.h

    def embed(self, ids: Tensor, positions: Tensor) -> Tensor:
        """See Body."""
        return self.embed_vectors(self.inner.wte(ids[None])[0], positions)

    def embed_vectors(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """See Body."""
        return self.inner.drop((vectors + self.inner.wpe(positions))[None])  # type: ignore[no-any-return]

    def finish(self, hidden: Tensor) -> Tensor:
        """See Body."""
        return self.inner.ln_f(hidden)  # type: ignore[no-any-return]


class BertBody(_Layers):
    """BERT, RoBERTa, XLM-R: encoders that look both ways."""

    causal = False

    def __init__(self, network: nn.Module):
        inner: Any = network
        self.inner = inner
        self.layers: nn.ModuleList = inner.encoder.layer
        # RoBERTa-like models number positions from padding_idx + 1.
        kind = inner.config.model_type
        self.first_position = inner.config.pad_token_id + 1 if "roberta" in kind else 0

    def embed(self, ids: Tensor, positions: Tensor) -> Tensor:
        """See Body."""
        kinds = torch.zeros_like(ids)[None]
        where = positions[None] + self.first_position
        return self.inner.embeddings(input_ids=ids[None], token_type_ids=kinds, position_ids=where)  # type: ignore[no-any-return]

    def embed_vectors(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """See Body."""
        kinds = torch.zeros_like(positions)[None]
        where = positions[None] + self.first_position
        return self.inner.embeddings(inputs_embeds=vectors[None], token_type_ids=kinds, position_ids=where)  # type: ignore[no-any-return]

    def finish(self, hidden: Tensor) -> Tensor:
        """See Body."""
        return hidden


FAMILIES: dict[str, type[LlamaBody] | type[Gpt2Body] | type[BertBody]] = {
    "llama": LlamaBody,
    "mistral": LlamaBody,
    "qwen2": LlamaBody,
    "qwen3": LlamaBody,
    "gpt2": Gpt2Body,
    "bert": BertBody,
    "roberta": BertBody,
    "xlm-roberta": BertBody,
}


def body_of(network: nn.Module, kind: str) -> Body:
    """Return the parts of `network`; raise ModelError for a family that is not known."""
    if kind not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise ModelError(
            Text(f"models of the type '{kind}' are not supported", f"不支持 '{kind}' 类型的模型"),
            todo=Text(f"supported types: {known}", f"支持的类型：{known}"),
        )
    return FAMILIES[kind](network)


def run_layers(body: Body, hidden: Tensor, positions: Tensor, layout: Layout, first: int, end: int) -> Tensor:
    """Return the stream [1, T, W] after the layers first..end-1."""
    return body.run(hidden, positions, layout, (first, end))


def run_body(body: Body, ids: Tensor, positions: Tensor, layout: Layout) -> Tensor:
    """Return the final hidden states [1, T, W] of a flat stream."""
    hidden = run_layers(body, body.embed(ids, positions), positions, layout, 0, len(body.layers))
    return body.finish(hidden)
