"""Soft prompts: trained states that stand before every sequence, without a change to the network.

Either vectors in the place of token embeddings (prompt tuning, P-tuning), or keys and values of every layer (prefix
tuning). In a causal model no trained state sees what follows it, so both are the same to attention: keys and values
in front. In an encoder vectors see the sequence, and stand in the stream of each. Letters: S trained states, T tokens,
W width, K key heads, D head width.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.model.body import Body
from taskfit.model.flat import Layout

KeysValues = Mapping[int, tuple[Tensor, Tensor]]  # by layer, each [K, S, D]


class SoftBody:
    """A body whose every sequence begins with the trained states of a PEFT network."""

    def __init__(self, inner: Body, network: Any, context: int):
        self.inner, self.network, self.context = inner, network, context
        self.causal, self.off = inner.causal, False

    @property
    def layers(self) -> nn.ModuleList:
        """See Body."""
        return self.inner.layers

    @property
    def count(self) -> int:
        """The trained states in front of a sequence: S, or 0 while they are switched off."""
        off = self.network._adapters_disabled  # PEFT keeps no other trace of `disable_adapter`
        return 0 if off or self.off else int(self.network.active_peft_config.num_virtual_tokens)

    def embed(self, ids: Tensor, positions: Tensor) -> Tensor:
        """See Body. Positions count from the first token; the network sees them behind the trained states."""
        last = int(positions.max()) + self.count
        if last >= self.context:
            raise DataError(
                Text(
                    f"a row of {last + 1 - self.count} tokens and {self.count} trained ones are more than the "
                    f"{self.context} that the model reads",
                    f"一行有 {last + 1 - self.count} 个 token，加上 {self.count} 个训练得到的，超过模型能读的 {self.context} 个",
                ),
                todo=Text("shorten the rows or train fewer tokens", "请缩短数据行，或减少训练的 token 数"),
            )
        return self.inner.embed(ids, positions + self.count)

    def embed_vectors(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """See Body."""
        return self.inner.embed_vectors(vectors, positions + self.count)

    def frame(self, hidden: Tensor, positions: Tensor) -> dict[str, Any]:
        """See Body."""
        return self.inner.frame(hidden, positions + self.count)

    def finish(self, hidden: Tensor) -> Tensor:
        """See Body."""
        return self.inner.finish(hidden)

    def run(self, hidden: Tensor, positions: Tensor, layout: Layout, stretch: tuple[int, int]) -> Tensor:
        """See Body."""
        if not self.count:
            return self.inner.run(hidden, positions, layout, stretch)
        made = self.network.get_prompt(1)
        if isinstance(made, Tensor) and not self.causal:
            return self._run_inside(made[0], hidden, positions, layout, stretch)
        soft = self._seen(made[0], stretch[1]) if isinstance(made, Tensor) else keys_values(made)
        return self.inner.run(hidden, positions + self.count, replace(layout, soft=soft), stretch)

    def _seen(self, vectors: Tensor, end: int) -> KeysValues:
        """Return the keys and values that trained vectors [S, W] leave in the layers below `end`."""
        positions = torch.arange(len(vectors), device=vectors.device)
        layout = Layout((len(vectors),), record=True)
        hidden = self.inner.embed_vectors(vectors.to(self._dtype), positions)
        self.inner.run(hidden, positions, layout, (0, end))
        return layout.seen

    def _run_inside(
        self, vectors: Tensor, hidden: Tensor, positions: Tensor, layout: Layout, stretch: tuple[int, int]
    ) -> Tensor:
        """Run an encoder with the vectors [S, W] at the start of each sequence, and take their outputs away."""
        soft, count = torch.arange(len(vectors), device=hidden.device), len(vectors)
        first = self.inner.embed_vectors(vectors.to(self._dtype), soft)[0]
        stream = torch.cat([part for a, b in layout.spans for part in (first, hidden[0, a:b])])[None]
        places = torch.cat([part for a, b in layout.spans for part in (soft, positions[a:b] + count)])
        wider = replace(layout, lengths=tuple(length + count for length in layout.lengths), keep=None)
        out = self.inner.run(stream, places, wider, stretch)
        own = torch.cat([out[:, a + count : b] for a, b in wider.spans], 1)
        last = layout.keep is not None and stretch[1] == len(self.layers)
        return own.index_select(1, layout.keep) if last and layout.keep is not None else own

    @property
    def _dtype(self) -> torch.dtype:
        dtype: torch.dtype = next(self.inner.layers.parameters()).dtype
        return dtype


def keys_values(cache: Any) -> KeysValues:
    """Return the keys and values of transformers' cache for one sequence."""
    return {number: (layer.keys[0], layer.values[0]) for number, layer in enumerate(cache.layers)}
