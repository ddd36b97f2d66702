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
CHUNK_CPU = 256  # larger chunks no longer fit into caches


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
        loss = hidden.new_zeros((), dtype=torch.float32)
        d_hidden = torch.empty_like(hidden)
        d_head = torch.zeros_like(head) if head.requires_grad else None
        chunk = CHUNK_CPU if hidden.device.type == "cpu" else CHUNK
        # Large memory that is new for every chunk costs more than what is computed in it.
        products = hidden.new_empty(min(len(hidden), chunk), len(head))
        wide = None if hidden.dtype == torch.float32 else torch.empty_like(products, dtype=torch.float32)
        for start in range(0, len(hidden), chunk):
            part = slice(start, start + chunk)
            h = hidden[part]
            logits = torch.mm(h, head.T, out=products[: len(h)])
            if wide is None:
                loss += _to_gradients(logits, labels, part)
            else:
                loss += _to_gradients(wide[: len(h)].copy_(logits), labels, part)
                logits.copy_(wide[: len(h)])
            torch.mm(logits, head, out=d_hidden[part])
            if d_head is not None:
                d_head.addmm_(logits.T, h)
        ctx.save_for_backward(d_hidden, d_head)
        return loss / labels.total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        d_hidden, d_head = ctx.saved_tensors
        return d_hidden * grad, None if d_head is None else d_head * grad, None


def _to_gradients(logits: Tensor, labels: _Labels, part: slice) -> Tensor:
    """Put d loss / d logits in the place of the logits of a part of the positions; return their summed loss.

    d loss / d logits = weight / total * (softmax - (1 - smoothing) one-hot - smoothing / V). Everything happens in the
    memory of the logits; the sum of the exponentials is divided out with the last product.
    """
    places, smoothing = labels.targets[part, None], labels.smoothing
    logits -= logits.amax(-1, keepdim=True)
    said = (1 - smoothing) * logits.gather(-1, places)
    if smoothing:
        said += smoothing * logits.mean(-1, keepdim=True)
    sums = logits.exp_().sum(-1, keepdim=True)
    losses = sums.log() - said
    logits.scatter_add_(-1, places, (smoothing - 1) * sums)
    if smoothing:
        logits -= smoothing / logits.shape[-1] * sums
    factors = 1 / (labels.total * sums)
    if labels.weights is not None:
        weights = labels.weights[part, None]
        losses, factors = losses * weights, factors * weights
    logits *= factors
    return losses.sum()


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
