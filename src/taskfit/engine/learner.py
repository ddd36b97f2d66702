"""Learners: what the training loop trains. Each knows its rows, its trained weights and its loss."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from taskfit.engine.features import FrozenStream, pool_states
from taskfit.engine.losses import class_loss, token_loss
from taskfit.model.body import run_layers
from taskfit.model.flat import Layout
from taskfit.model.local import LocalModel


class Learner(Protocol):
    """What the loop needs to know; rows are named by their index."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        ...

    def trained(self) -> dict[str, nn.Parameter]:
        """Return the weights to train, by name."""
        ...

    def tokens(self, row: int) -> int:
        """Return the tokens of a row: what it costs."""
        ...

    def weight(self, row: int) -> float:
        """Return the row's share in the loss: its number of labels."""
        ...

    def loss(self, rows: Sequence[int], total: float) -> Tensor:
        """Return the loss of the rows, summed over their labels and divided by `total`."""
        ...

    def mode(self, *, training: bool) -> None:
        """Switch dropout on or off."""
        ...


@dataclass(frozen=True)
class Row:
    """One training row: token ids, and for each whether it is learned (predicted from those before it)."""

    ids: Sequence[int]
    learn: Sequence[bool]


@dataclass
class TokenLearner:
    """Learns to say tokens: language modelling over the learned tokens of each row."""

    model: LocalModel
    data: Sequence[Row]
    stream: FrozenStream | None = None
    _learned: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        # Position p - 1 predicts token p, so the first token of a row can never be learned.
        self._learned = [[p for p in range(1, len(row.ids)) if row.learn[p]] for row in self.data]

    @property
    def rows(self) -> int:
        """See Learner."""
        return len(self.data)

    def trained(self) -> dict[str, nn.Parameter]:
        """See Learner."""
        return {name: p for name, p in self.model.network.named_parameters() if p.requires_grad}

    def tokens(self, row: int) -> int:
        """See Learner."""
        return len(self.data[row].ids)

    def weight(self, row: int) -> float:
        """See Learner."""
        return float(len(self._learned[row]))

    def loss(self, rows: Sequence[int], total: float) -> Tensor:
        """See Learner."""
        hidden = stream_hidden(self.model, [self.data[r].ids for r in rows], self.stream, rows)
        places, targets, start = [], [], 0
        for r in rows:
            ids = self.data[r].ids
            places += [start + p - 1 for p in self._learned[r]]
            targets += [ids[p] for p in self._learned[r]]
            start += len(ids)
        device = hidden.device
        where, said = (torch.tensor(part, dtype=torch.long, device=device) for part in (places, targets))
        return token_loss(hidden.index_select(0, where), self.model.head, said, total)

    def mode(self, *, training: bool) -> None:
        """See Learner."""
        self.model.network.train(training)


class ClassHead(nn.Module):
    """A linear classification head on pooled hidden states: logits = W x + b."""

    def __init__(self, width: int, classes: int):
        super().__init__()
        self.linear = nn.Linear(width, classes)

    def forward(self, pooled: Tensor) -> Tensor:
        """Return logits [N, C] of pooled states [N, W]."""
        out: Tensor = self.linear(pooled)
        return out


@dataclass
class ClassLearner:
    """Learns to name a class: a head on the pooled output of the network."""

    model: LocalModel
    head: ClassHead
    data: Sequence[Sequence[int]]
    targets: Sequence[int]
    pooling: str
    stream: FrozenStream | None = None

    @property
    def rows(self) -> int:
        """See Learner."""
        return len(self.data)

    def trained(self) -> dict[str, nn.Parameter]:
        """See Learner."""
        named: dict[str, Any] = {name: p for name, p in self.model.network.named_parameters() if p.requires_grad}
        return named | {f"head.{name}": p for name, p in self.head.named_parameters()}

    def tokens(self, row: int) -> int:
        """See Learner."""
        return len(self.data[row])

    def weight(self, row: int) -> float:  # noqa: ARG002
        """See Learner."""
        return 1.0

    def loss(self, rows: Sequence[int], total: float) -> Tensor:
        """See Learner."""
        ids = [self.data[r] for r in rows]
        hidden = stream_hidden(self.model, ids, self.stream, rows)
        layout = Layout(tuple(len(one) for one in ids))
        logits = self.head(pool_states(hidden, layout, self.pooling))
        return class_loss(logits, torch.tensor([self.targets[r] for r in rows], device=hidden.device), total)

    def mode(self, *, training: bool) -> None:
        """See Learner."""
        self.model.network.train(training)


def stream_hidden(
    model: LocalModel, ids: Sequence[Sequence[int]], stream: FrozenStream | None = None, rows: Sequence[int] = ()
) -> Tensor:
    """Return final hidden states [T, W] of rows laid side by side.

    With a `stream`, the states below its layer are taken from it (row numbers `rows`) instead of computed.
    """
    body, device = model.body, model.device
    positions = torch.cat([torch.arange(len(one), device=device) for one in ids])
    layout = Layout(tuple(len(one) for one in ids), causal=body.causal)
    if stream is None:
        first = 0
        hidden = body.embed(torch.tensor([token for one in ids for token in one], device=device), positions)
    else:
        first, hidden = stream.layer, stream.take(rows)[None].to(device)
    hidden = run_layers(body, hidden, positions, layout, first, len(body.layers))
    return body.finish(hidden)[0]
