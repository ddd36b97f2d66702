"""First weights of a small model from which looking back at earlier text is learned in minutes instead of hours.

A token finds what followed an earlier token like it by two steps (Olsson et al. 2022, "In-context learning and induction
heads", arXiv:2209.11895): heads that carry each token a few places forward, then heads that look for the same content
and copy what stands there. Random weights find these steps late. Here they are drawn so that both are there from the
start, roughly: query and key weights equal, values copied (Trockman & Kolter 2023, arXiv:2305.09828). Training does the rest.

Letters: W width, D head width.
"""

from typing import Any

import torch
from torch import Tensor

EMBEDDING, SHARED = 0.1, 1.0  # size of a token's own part, per number, and of the part that all tokens share
LOOK, MATCH, WRITE = 9.0, 1.6, 0.12  # how sharply heads look at a place, at content; how much they write
STEPS_BACK = (1, 2, 3)


@torch.no_grad()
def draw_first_weights(network: Any, heads: int) -> None:
    """Set the weights of a Llama network in place, drawn from torch's random numbers."""
    width = network.config.hidden_size
    basis, _ = torch.linalg.qr(torch.randn(width, width))
    shared, size = basis[:, 0], width // heads
    parts = [basis[:, start : start + size] for start in range(1, width - size + 1, size)]
    _draw_plain(network, width, shared)
    layers = list(network.model.layers)
    for head, steps in zip(range(heads - 1), STEPS_BACK, strict=False):
        _look_steps_back(layers[0].self_attn, head, steps, shared, parts[0])
    for layer in layers[1:-1]:
        for head in range(heads - 1):
            _look_alike(layer.self_attn, head, parts[0], parts[(head + 1) % len(parts)])


def _draw_plain(network: Any, width: int, shared: Tensor) -> None:
    """Embeddings: an own part and one that all tokens share; matrices 1 / sqrt(W), a tenth where a branch ends."""
    for name, weight in network.named_parameters():
        if "embed" in name:
            own = torch.randn_like(weight) * EMBEDDING
            weight.copy_(own - torch.outer(own @ shared, shared) + SHARED * shared)
        elif weight.ndim == 2:
            ends = name.endswith(("o_proj.weight", "down_proj.weight"))
            weight.normal_(0.0, (0.1 if ends else 1.0) * width**-0.5)


def _rates(size: int) -> Tensor:
    """Return the angles per position of rotary embeddings, [D / 2]."""
    return 10000.0 ** (-torch.arange(size // 2).float() * 2 / size)


def _look_steps_back(attention: Any, head: int, steps: int, shared: Tensor, part: Tensor) -> None:
    """Make a head look `steps` tokens back, whatever stands there, and add that token's `part` [W, D] to the stream.

    Query and key are constant (they read only what all tokens share); rotated, their product is a sum of
    cos(rate * (distance - steps)), which is largest at `steps`.
    """
    size, width = part.shape[1], part.shape[0]
    rows, rates = slice(head * size, (head + 1) * size), _rates(size)
    used = (rates > 0.03).float()
    large = used * (LOOK * size**0.5 / used.sum()) ** 0.5
    query = torch.cat([large * torch.cos(-rates * steps), large * torch.sin(-rates * steps)])
    key = torch.cat([large, torch.zeros_like(large)])
    seen = SHARED / ((EMBEDDING**2 * width + SHARED**2) / width) ** 0.5  # the shared part after the norm
    attention.q_proj.weight[rows] = torch.outer(query, shared) / seen
    attention.k_proj.weight[rows] = torch.outer(key, shared) / seen
    _copy(attention, rows, part)


def _look_alike(attention: Any, head: int, seen: Tensor, copied: Tensor) -> None:
    """Make a head look where the stream's part `seen` [W, D] is like its own, and add the part `copied` from there."""
    size = seen.shape[1]
    rows = slice(head * size, (head + 1) * size)
    slow = torch.cat([(_rates(size) < 0.05).float()] * 2)  # fast rotations would ask for a distance, not for content
    turned, _ = torch.linalg.qr(torch.randn(size, size))
    attention.q_proj.weight[rows] = MATCH * slow[:, None] * (turned @ seen.T)
    attention.k_proj.weight[rows] = attention.q_proj.weight[rows]
    _copy(attention, rows, copied)


def _copy(attention: Any, rows: slice, part: Tensor) -> None:
    attention.v_proj.weight[rows] = part.T
    attention.o_proj.weight[:, rows] = WRITE * part
