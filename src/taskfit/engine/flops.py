"""Floating-point operations of a network, counted from its card."""

from taskfit.core.model import ModelCard


def forward_flops(card: ModelCard, tokens: float, *, context: float = 0.0, logits: float = 0.0) -> float:
    """Return the FLOPs of a forward pass: 2 per weight and token, attention over `context` tokens, `logits` heads.

    Attention costs 4 * layers * width per token and token looked at (scores and values).
    """
    body = 2.0 * card.parameters_body * tokens
    attention = 4.0 * card.layers * card.width * tokens * context
    head = 2.0 * card.width * card.vocabulary * logits
    return body + attention + head


def training_flops(card: ModelCard, tokens: float, *, trained_share: float = 1.0, frozen_share: float = 0.0) -> float:
    """Return the FLOPs of training on `tokens`: forward 2N, backward 2N, weight gradients 2N of the trained share.

    `frozen_share` is the part of the layers that was computed once and is neither run forward nor backward.
    """
    live = 1.0 - frozen_share
    return 2.0 * card.parameters_body * tokens * (2 * live + min(trained_share, live))
