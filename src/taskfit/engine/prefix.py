"""A prefix that many prompts begin with: found, run once, its keys and values kept. Letters: P tokens, K heads, D width."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from taskfit.model.body import run_layers
from taskfit.model.local import LocalModel, flat_rows


@dataclass(frozen=True)
class Prefix:
    """The tokens that all questions begin with, and the keys and values [K, P, D] per layer they leave."""

    ids: tuple[int, ...]
    past: tuple[tuple[Tensor, Tensor], ...]


def common_prefix(rows: Sequence[Sequence[int]]) -> int:
    """Return how many first tokens all rows share, leaving every row at least one of its own."""
    # Rows between the first and the last in sorted order share what these two share.
    first, last = min(map(tuple, rows)), max(map(tuple, rows))
    limit = min(len(row) for row in rows) - 1
    for i in range(limit):
        if first[i] != last[i]:
            return i
    return max(0, limit)


def run_prefix(model: LocalModel, ids: Sequence[int]) -> Prefix:
    """Return the prefix with its keys and values."""
    tokens, positions, layout = flat_rows([ids], causal=True, device=model.device)
    layout.record = True
    with torch.inference_mode():
        run_layers(model.body, model.body.embed(tokens, positions), positions, layout, 0, len(model.body.layers))
    return Prefix(tuple(ids), tuple(layout.seen[i] for i in range(len(model.body.layers))))


def fitting_prefix(model: LocalModel, questions: Sequence[Sequence[int]], known: Prefix | None) -> Prefix | None:
    """Return `known` when all questions begin with it, else the longest common prefix freshly run (None if short)."""
    if known is not None:
        ids = list(known.ids)
        if all(len(q) > len(ids) and list(q[: len(ids)]) == ids for q in questions):
            return known
    length = common_prefix(questions) if len(questions) > 1 else 0
    return run_prefix(model, questions[0][:length]) if length >= 4 else None
