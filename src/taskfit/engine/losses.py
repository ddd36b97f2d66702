"""Losses: pure functions of tensors. Letters: N label positions, W width, V vocabulary, C classes."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

CHUNK = 1024  # smaller chunks read the weight gradient again and again


def token_loss(hidden: Tensor, head: Tensor, targets: Tensor, total: float) -> Tensor:
    """Return the cross-entropy summed over N label positions and divided by `total`.

    hidden [N, W], head [V, W], targets [N]. Logits exist only for one chunk of positions at a time; gradients
    are made in the forward pass, so nothing of size N x V is kept. Equal to
    `cross_entropy(hidden @ head.T, targets, reduction="sum") / total`.
    """
    loss: Tensor = _TokenLoss.apply(hidden, head, targets, total)  # type: ignore[no-untyped-call]
    return loss


class _TokenLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, targets: Tensor, total: float) -> Tensor:
        loss = hidden.new_zeros((), dtype=torch.float32)
        d_hidden = torch.empty_like(hidden)
        d_head = torch.zeros_like(head) if head.requires_grad else None
        for start in range(0, hidden.shape[0], CHUNK):
            part = slice(start, start + CHUNK)
            h, t = hidden[part], targets[part]
            logits = (h @ head.T).float()
            log_norm = torch.logsumexp(logits, -1, keepdim=True)
            loss += (log_norm.squeeze(-1) - logits.gather(-1, t[:, None]).squeeze(-1)).sum()
            # d loss / d logits = softmax - one-hot
            d_logits = logits.sub_(log_norm).exp_()
            d_logits.scatter_add_(-1, t[:, None], d_logits.new_full((len(t), 1), -1.0))
            d_logits = d_logits.div_(total).to(hidden.dtype)
            d_hidden[part] = d_logits @ head
            if d_head is not None:
                d_head.addmm_(d_logits.T, h)
        ctx.save_for_backward(d_hidden, d_head)
        return loss / total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        d_hidden, d_head = ctx.saved_tensors
        return d_hidden * grad, None if d_head is None else d_head * grad, None, None


def class_loss(logits: Tensor, targets: Tensor, total: float) -> Tensor:
    """Return the cross-entropy of logits [N, C] summed and divided by `total`."""
    return functional.cross_entropy(logits.float(), targets, reduction="sum") / total
