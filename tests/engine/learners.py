"""Learners and desks for tests of the loop: tiny, seeded, and with the same start every time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from taskfit.core.events import Event
from taskfit.core.method import Desk
from taskfit.engine.learner import ClassHead, ClassLearner, Row, TokenLearner
from taskfit.engine.wrap import layer_weights, with_adapter
from taskfit.model.local import LocalModel
from tiny_models import LAYERS, sentences


class Line:
    """Learns y = w x + b by least squares; row r is (xs[r], ys[r]) and weighs `weights[r]`."""

    def __init__(self, rows: int = 7, weights: Sequence[float] | None = None):
        drawn = torch.Generator().manual_seed(2)
        self.xs, self.ys = torch.randn(rows, generator=drawn), torch.randn(rows, generator=drawn)
        self.weights = list(weights or [1.0] * rows)
        self.rows = rows
        self.line = nn.Linear(1, 1)
        with torch.no_grad():
            self.line.weight.fill_(0.3)
            self.line.bias.fill_(-0.1)
        self.asked: list[list[int]] = []

    def trained(self) -> dict[str, nn.Parameter]:
        return dict(self.line.named_parameters())

    def tokens(self, row: int) -> int:
        return 1 + row

    def weight(self, row: int) -> float:
        return self.weights[row]

    def loss(self, rows: Sequence[int], total: float) -> Tensor:
        self.asked.append(list(rows))
        weights = torch.tensor([self.weights[row] for row in rows])
        errors = self.line(self.xs[list(rows), None])[:, 0] - self.ys[list(rows)]
        return (weights * errors.square()).sum() / total

    def mode(self, *, training: bool) -> None:
        self.line.train(training)


def desk_at(folder: Path, **more: Any) -> tuple[Desk, list[Event]]:
    """Return a desk and the list of events that it will be told."""
    events: list[Event] = []
    return Desk(folder, folder / "cache", emit=events.append, **more), events


def rows_of(model: LocalModel, count: int = 10, seed: int = 3) -> list[Row]:
    """Return rows of several lengths in which the last third of the tokens is learned."""
    rows = []
    for ids in model.encode(sentences(count, seed=seed)):
        ids = [*ids, *model.encode([" good"])[0]]
        rows.append(Row(ids, [place >= len(ids) * 2 // 3 for place in range(len(ids))]))
    return rows


def token_learner(model: LocalModel, how: str, rows: list[Row] | None = None, dropout: float = 0.0) -> TokenLearner:
    """Return a learner on a fresh copy: `how` is "full", "last" (the last two layers) or "lora"."""
    return TokenLearner(prepared(model, how, dropout), rows if rows is not None else rows_of(model))


def class_learner(model: LocalModel, how: str = "full", pooling: str = "mean") -> ClassLearner:
    """Return a learner that names one of three classes, with a head of its own."""
    rows = model.encode(sentences(9, seed=5), special=True)
    torch.manual_seed(4)
    head = ClassHead(model.card.width, 3)
    return ClassLearner(prepared(model, how), head, rows, [row % 3 for row in range(len(rows))], pooling)


def prepared(model: LocalModel, how: str, dropout: float = 0.0) -> LocalModel:
    """Return a copy of `model` to be trained."""
    if how == "full":
        return model.fork()
    if how == "last":
        return model.fork(layer_weights(model, LAYERS - 2))
    return with_adapter(model, lora_config(model, dropout), 1)


def without_dropout(model: LocalModel) -> None:
    """Switch dropout off for good in a copy that is to be trained."""
    for module in model.network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0


def lora_config(model: LocalModel, dropout: float = 0.0) -> Any:
    """Return a LoRA of rank 4 on every linear layer inside the network's layers."""
    from peft import LoraConfig

    from taskfit.engine.wrap import inner_names

    fan = model.card.family == "gpt2"
    names = inner_names(model)
    return LoraConfig(r=4, lora_alpha=8, lora_dropout=dropout, target_modules=names, fan_in_fan_out=fan)


def digest_of(tensors: dict[str, Tensor]) -> dict[str, bytes]:
    """Return the bytes of each tensor, to compare to the last bit."""
    return {name: tensor.detach().reshape(-1).view(torch.uint8).numpy().tobytes() for name, tensor in tensors.items()}
