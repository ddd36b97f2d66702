"""The oracle of weight methods: transformers and PEFT on one padded batch, with their plainest attention."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine.learners import rows_of
from taskfit.engine.learner import ClassHead, ClassLearner, Row, TokenLearner
from taskfit.model.local import LocalModel
from tiny_models import sentences

CLASSES = 3


def learner_of(tuned: LocalModel, base: LocalModel) -> TokenLearner | ClassLearner:
    """Return a learner over a few rows of several lengths: words for causal models, classes for encoders."""
    if base.body.causal:
        return TokenLearner(tuned, rows_of(base, 6))
    rows = base.encode(sentences(6, seed=5), special=True)
    torch.manual_seed(4)
    return ClassLearner(
        tuned, ClassHead(base.card.width, CLASSES), rows, [row % CLASSES for row in range(len(rows))], "mean"
    )


def our_gradients(learner: TokenLearner | ClassLearner) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss over all rows, and the gradient of each trained weight of the network."""
    learner.mode(training=False)  # no dropout
    rows = range(learner.rows)
    loss = learner.loss(rows, sum(map(learner.weight, rows)))
    loss.backward()
    named = learner.model.network.named_parameters()
    return loss.detach(), {name: weight.grad for name, weight in named if weight.grad is not None}


def their_gradients(
    network: nn.Module, learner: TokenLearner | ClassLearner, virtual: int = 0
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the same of a plain network; `virtual` trained tokens stand before each row of its output."""
    network.eval()
    loss = _said(network, learner.data) if isinstance(learner, TokenLearner) else _classified(network, learner, virtual)
    loss.backward()
    return loss.detach(), {name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None}


def assert_same_gradients(
    ours: tuple[Tensor, dict[str, Tensor]], theirs: tuple[Tensor, dict[str, Tensor]], renamed: Any = lambda name: name
) -> None:
    """Compare losses and gradients at 1e-5 of the largest value: other orders of float32 sums, no more."""
    torch.testing.assert_close(ours[0], theirs[0], rtol=1e-5, atol=0)
    found = {renamed(name): gradient for name, gradient in ours[1].items()}
    assert found.keys() == theirs[1].keys()
    assert found
    for name, gradient in theirs[1].items():
        near = 1e-5 * max(float(gradient.abs().max()), 1e-3)
        torch.testing.assert_close(found[name], gradient, rtol=1e-5, atol=near, msg=lambda told, n=name: f"{n}: {told}")


def _padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])
    mask = torch.tensor([[*[1] * len(row), *[0] * (longest - len(row))] for row in rows])
    return ids, mask


def _said(network: Any, rows: Sequence[Row]) -> Tensor:
    ids, mask = _padded([row.ids for row in rows])
    labels = torch.full_like(ids, -100)
    for place, row in enumerate(rows):
        for position in range(1, len(row.ids)):
            if row.learn[position]:
                labels[place, position] = row.ids[position]
    loss: Tensor = network(input_ids=ids, attention_mask=mask, labels=labels).loss
    return loss


def _classified(network: Any, learner: ClassLearner, virtual: int) -> Tensor:
    ids, mask = _padded(learner.data)
    hidden = network(input_ids=ids, attention_mask=mask)[0][:, virtual:]
    pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    return nn.functional.cross_entropy(learner.head(pooled), torch.tensor(learner.targets))
