"""Learners: what the training loop trains. Each knows its rows, its trained weights and its loss."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from taskfit.core.errors import UsageError
from taskfit.core.text import Text
from taskfit.engine.features import FrozenStream, pool_states
from taskfit.engine.losses import Criterion, class_loss, token_loss
from taskfit.engine.neftune import neftune_noise
from taskfit.engine.prefix import common_prefix
from taskfit.model.body import run_layers
from taskfit.model.flat import LONGEST_EXPLICIT, Layout
from taskfit.model.local import LocalModel

FEWEST_SHARED = 4  # a shorter prefix costs more to lay out than it saves


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
    """One training row: token ids, and the weight in the loss with which each is predicted from those before it.

    0 (or False) is not learned, 1 (or True) learned in full. `origin` is where the row came from, for messages.
    """

    ids: Sequence[int]
    learn: Sequence[float]
    origin: str = ""


@dataclass
class TokenLearner:
    """Learns to say tokens: language modelling over the learned tokens of each row.

    While training, `label_smoothing` spreads a share of each label over all tokens, and `neftune_alpha` puts noise on
    the embeddings; both are off when the learner is evaluated.
    """

    model: LocalModel
    data: Sequence[Row]
    stream: FrozenStream | None = None
    label_smoothing: float = 0.0
    neftune_alpha: float = 0.0
    shared: int = field(init=False)
    _learned: list[list[int]] = field(init=False)
    _weights: list[list[float]] | None = field(init=False)

    def __post_init__(self) -> None:
        # Position p - 1 predicts token p, so the first token of a row can never be learned.
        self._learned = [[p for p in range(1, len(row.ids)) if row.learn[p]] for row in self.data]
        plain = all({0, 1}.issuperset(row.learn) for row in self.data)
        learned = zip(self.data, self._learned, strict=True)
        self._weights = None if plain else [[float(row.learn[p]) for p in places] for row, places in learned]
        # The position before the first learned token must be a row's own.
        first = min((learned[0] - 1 for learned in self._learned if learned), default=0)
        self.shared = min(first, _shared(self.model, [row.ids for row in self.data], self.neftune_alpha, self.stream))

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
        return float(len(self._learned[row])) if self._weights is None else sum(self._weights[row])

    def loss(self, rows: Sequence[int], total: float) -> Tensor:
        """See Learner."""
        states, said = self.label_states(rows)
        weights = None
        if self._weights is not None:
            weights = torch.tensor([weight for r in rows for weight in self._weights[r]], device=states.device)
        smoothing = self.label_smoothing if self.model.network.training else 0.0
        return token_loss(states, self.model.head, said, total, weights=weights, smoothing=smoothing)

    def label_states(self, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return the final hidden states [N, W] that say the learned tokens of the rows, and these tokens [N]."""
        shared, data, device = self.shared, [self.data[r] for r in rows], self.model.device
        alpha = self.neftune_alpha if self.model.network.training else 0.0
        places, targets, start = [], [], 0
        for r, row in zip(rows, data, strict=True):
            places += [start + p - 1 for p in self._learned[r]]
            targets += [row.ids[p] for p in self._learned[r]]
            start += len(row.ids) - shared
        where, said = (torch.tensor(part, dtype=torch.long, device=device) for part in (places, targets))
        source = _Source(self.stream, rows, shared=shared, neftune_alpha=alpha)
        return _states(self.model, [row.ids for row in data], source, where), said

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
    """Learns to name a class: a head on the pooled output of the network.

    With another `criterion` than `class_loss` the targets are what it compares logits with: numbers [C] per row.
    """

    model: LocalModel
    head: ClassHead
    data: Sequence[Sequence[int]]
    targets: Sequence[int] | Sequence[Sequence[float]]
    pooling: str
    stream: FrozenStream | None = None
    label_smoothing: float = 0.0
    neftune_alpha: float = 0.0
    criterion: Criterion = class_loss
    shared: int = field(init=False)

    def __post_init__(self) -> None:
        found = _shared(self.model, self.data, self.neftune_alpha, self.stream)
        self.shared = found if self.pooling == "last" else 0

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
        training = self.model.network.training
        alpha = self.neftune_alpha if training else 0.0
        whole = stream_hidden(self.model, ids, self.stream, rows, shared=self.shared, neftune_alpha=alpha)
        hidden = whole[self.shared :]
        layout = Layout(tuple(len(one) - self.shared for one in ids))
        logits = self.head(pool_states(hidden, layout, self.pooling).float())
        targets = torch.tensor([self.targets[r] for r in rows], device=hidden.device)
        return self.criterion(logits, targets, total, self.label_smoothing if training else 0.0)

    def mode(self, *, training: bool) -> None:
        """See Learner."""
        self.model.network.train(training)


def _shared(model: LocalModel, rows: Sequence[Sequence[int]], neftune_alpha: float, stream: FrozenStream | None) -> int:
    """Return `shared_tokens`, or 0 where each row gets noise of its own; refuse noise below layers that are not run."""
    if neftune_alpha and stream is not None:
        raise UsageError(
            Text(
                "neftune_alpha puts noise on the embeddings, but frozen layers are computed once and read none",
                "neftune_alpha 在词嵌入上加噪声，而冻结层只计算一次、读不到噪声",
            ),
            todo=Text("set neftune_alpha: 0", "请设置 neftune_alpha: 0"),
        )
    return 0 if neftune_alpha else shared_tokens(model, rows)


def shared_tokens(model: LocalModel, rows: Sequence[Sequence[int]]) -> int:
    """Return how many first tokens all rows share and may be run once per step for all of them; 0 when it does not pay.

    Only where nothing changes but rounding: causal models, no dropout (each row would draw its own), rows short
    enough for the explicit attention, on a CPU.
    """
    if not model.body.causal or _drops(model.network) or model.device.type != "cpu" or len(rows) < 2:
        return 0
    if max(len(row) for row in rows) > LONGEST_EXPLICIT:
        return 0
    found = common_prefix(rows)
    return found if found >= FEWEST_SHARED else 0


def _drops(network: nn.Module) -> bool:
    """Whether training drops anything: by modules, or inside attention by a number in the config (Llama, Qwen)."""
    from transformers import PreTrainedModel

    configs = [one.config.to_dict() for one in network.modules() if isinstance(one, PreTrainedModel)]
    modules = any(isinstance(one, nn.Dropout) and one.p > 0 for one in network.modules())
    return modules or any(config.get("attention_dropout") for config in configs)


def stream_hidden(
    model: LocalModel,
    ids: Sequence[Sequence[int]],
    stream: FrozenStream | None = None,
    rows: Sequence[int] = (),
    *,
    shared: int = 0,
    neftune_alpha: float = 0.0,
) -> Tensor:
    """Return final hidden states [T, W] of rows laid side by side.

    With a `stream`, the states below its layer are taken from it (row numbers `rows`) instead of computed. The
    first `shared` tokens, the same in every row, stand once before all rows, which then hold only their own.
    `neftune_alpha` above 0 puts noise on the embeddings, which may then not be shared.
    """
    return _states(model, ids, _Source(stream, rows, shared=shared, neftune_alpha=neftune_alpha), None)


@dataclass(frozen=True)
class _Source:
    """Where states come from: see `stream_hidden`."""

    stream: FrozenStream | None
    rows: Sequence[int]
    shared: int
    neftune_alpha: float


def _states(model: LocalModel, ids: Sequence[Sequence[int]], source: _Source, keep: Tensor | None) -> Tensor:
    """Return final hidden states of rows laid side by side, or of their places `keep` only: see `stream_hidden`."""
    body, device, stream, rows, shared = model.body, model.device, source.stream, source.rows, source.shared
    own = [one[shared:] for one in ids]
    parts = [ids[0][:shared], *own] if shared else own
    starts = [0, *[shared] * len(own)] if shared else [0] * len(own)
    positions = torch.cat([torch.arange(a, a + len(one), device=device) for a, one in zip(starts, parts, strict=True)])
    layout = Layout(tuple(len(one) for one in parts), causal=body.causal, shared=bool(shared), keep=keep)
    if stream is None:
        first = 0
        tokens = torch.tensor([token for one in parts for token in one], device=device)
        if source.neftune_alpha:
            words = model.network.get_input_embeddings()(tokens)
            noise = neftune_noise(layout.lengths, words.shape[-1], source.neftune_alpha, rows)
            hidden = body.embed_vectors(words + noise.to(words), positions)
        else:
            hidden = body.embed(tokens, positions)
    else:
        first, hidden = stream.layer, stream.take(rows, shared)[None].to(device)
    hidden = run_layers(body, hidden, positions, layout, first, len(body.layers))
    return body.finish(hidden)[0]
