"""Losses: pure functions of tensors. Letters: N label positions, W width, V vocabulary, C classes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

# Compares logits [N, C] with targets, divides by a total; the last argument is the smoothing of labels.
Criterion = Callable[[Tensor, Tensor, float, float], Tensor]

CHUNK = 1024  # smaller chunks read the weight gradient again and again


def token_loss(
    hidden: Tensor,
    head: Tensor,
    targets: Tensor,
    total: float,
    *,
    weights: Tensor | None = None,
    smoothing: float = 0.0,
) -> Tensor:
    """Return the cross-entropy summed over N label positions, each times its weight, and divided by `total`.

    hidden [N, W], head [V, W], targets [N], weights [N] (None: all 1). Logits exist only for one chunk of positions
    at a time; gradients are made in the forward pass, so nothing of size N x V is kept. Equal to
    `(weights * cross_entropy(hidden @ head.T, targets, reduction="none", label_smoothing=smoothing)).sum() / total`;
    `smoothing` is the share of each label that is spread evenly over all V (Szegedy et al. 2016, arXiv:1512.00567, 7).
    """
    labels = _Labels(targets, weights, total, smoothing)
    loss: Tensor = _TokenLoss.apply(hidden, head, labels)  # type: ignore[no-untyped-call]
    return loss


@dataclass(frozen=True)
class _Labels:
    """What is to be said at each position, and how it counts."""

    targets: Tensor
    weights: Tensor | None
    total: float
    smoothing: float


class _TokenLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, labels: _Labels) -> Tensor:
        targets, weights, smoothing = labels.targets, labels.weights, labels.smoothing
        loss = hidden.new_zeros((), dtype=torch.float32)
        d_hidden = torch.empty_like(hidden)
        d_head = torch.zeros_like(head) if head.requires_grad else None
        for start in range(0, hidden.shape[0], CHUNK):
            part = slice(start, start + CHUNK)
            h, t = hidden[part], targets[part]
            logits = (h @ head.T).float()
            log_norm = torch.logsumexp(logits, -1, keepdim=True)
            said = log_norm.squeeze(-1) - (1 - smoothing) * logits.gather(-1, t[:, None]).squeeze(-1)
            if smoothing:
                said -= smoothing * logits.mean(-1)
            loss += (said if weights is None else said * weights[part]).sum()
            # d loss / d logits = softmax - (1 - smoothing) one-hot - smoothing / V
            d_logits = logits.sub_(log_norm).exp_()
            d_logits.scatter_add_(-1, t[:, None], d_logits.new_full((len(t), 1), smoothing - 1.0))
            if smoothing:
                d_logits.sub_(smoothing / head.shape[0])
            if weights is not None:
                d_logits.mul_(weights[part, None])
            d_logits = d_logits.div_(labels.total).to(hidden.dtype)
            d_hidden[part] = d_logits @ head
            if d_head is not None:
                d_head.addmm_(d_logits.T, h)
        ctx.save_for_backward(d_hidden, d_head)
        return loss / labels.total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        d_hidden, d_head = ctx.saved_tensors
        return d_hidden * grad, None if d_head is None else d_head * grad, None


def class_loss(logits: Tensor, targets: Tensor, total: float, smoothing: float = 0.0) -> Tensor:
    """Return the cross-entropy of logits [N, C] summed and divided by `total`; see `token_loss` for `smoothing`."""
    summed = functional.cross_entropy(logits.float(), targets, reduction="sum", label_smoothing=smoothing)
    return summed / total


def squares_loss(outputs: Tensor, targets: Tensor, total: float, smoothing: float = 0.0) -> Tensor:
    """Return the mean squared error of outputs [N, C] over C, summed over rows and divided by `total`."""
    del smoothing  # numbers have none
    return (outputs.float() - targets.float()).square().sum() / (total * targets.shape[-1])


def sigmoid_loss(logits: Tensor, targets: Tensor, total: float, smoothing: float = 0.0) -> Tensor:
    """Return the binary cross-entropy of logits [N, C], mean over C, summed over rows and divided by `total`.

    `smoothing` moves every target towards 1/2 by this share.
    """
    wanted = targets.float() * (1 - smoothing) + smoothing / 2
    summed = functional.binary_cross_entropy_with_logits(logits.float(), wanted, reduction="sum")
    return summed / (total * targets.shape[-1])
