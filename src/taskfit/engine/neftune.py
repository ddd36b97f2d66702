"""NEFTune: noise on the embeddings while training (Jain et al. 2023, arXiv:2310.05914, Algorithm 1)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def neftune_noise(lengths: Sequence[int], width: int, alpha: float, rows: Sequence[int]) -> Tensor:
    """Return noise [T, W] for rows of `lengths` tokens side by side: u * alpha / sqrt(L * W), u uniform in (-1, 1).

    L is the length of the row itself. A row's noise depends only on the seed that the loop sets for the step and on
    the number of the row: a resumed run draws the same, and so does a step that is cut into other pieces.
    """
    parts = []
    for row, length in zip(rows, lengths, strict=True):
        drawn = torch.Generator().manual_seed((torch.initial_seed() * 1_000_003 + row) % 2**63)
        uniform = torch.rand(length, width, generator=drawn) * 2 - 1
        parts.append(uniform * (alpha / math.sqrt(length * width)))
    return torch.cat(parts)
