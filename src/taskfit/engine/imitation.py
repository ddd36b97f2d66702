"""Learn from a teacher: its distribution over the next token at every learned place, beside the tokens themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.losses import CHUNK
from taskfit.model.local import LocalModel


@dataclass(frozen=True)
class Mix:
    """The share of the teacher's distribution in the loss (the rest: its tokens), and the temperature of both sides."""

    share: float = 0.5
    temperature: float = 2.0


@dataclass(frozen=True)
class Taught:
    """What stands at N places: the teacher's states [N, Wt] and head [Vt, Wt], and the tokens said there [N]."""

    states: Tensor
    head: Tensor
    targets: Tensor


def imitation_loss(hidden: Tensor, head: Tensor, taught: Taught, total: float, mix: Mix) -> Tensor:
    """Return the loss of imitating a teacher, summed over N places and divided by `total`.

    hidden [N, W], head [V, W]. At each place, with p and q the teacher's and the student's distributions at
    temperature T (Hinton et al. 2015, arXiv:1503.02531): share * T^2 * KL(p || q) + (1 - share) * cross-entropy of
    the token said. Where one head has more rows (padding of the vocabulary), the first V rows of both are compared.
    As in `token_loss`, logits exist for one chunk of places at a time.
    """
    loss: Tensor = _Imitation.apply(hidden, head, taught, total, mix)  # type: ignore[no-untyped-call]
    return loss


class _Imitation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, taught: Taught, total: float, mix: Mix) -> Tensor:
        size, warm = min(head.shape[0], taught.head.shape[0]), mix.temperature
        used = head[:size]
        loss = hidden.new_zeros((), dtype=torch.float32)
        d_hidden = torch.empty_like(hidden)
        d_head = torch.zeros_like(head) if head.requires_grad else None
        for start in range(0, hidden.shape[0], CHUNK):
            part = slice(start, start + CHUNK)
            logits = (hidden[part] @ used.T).float()
            wanted = torch.log_softmax((taught.states[part] @ taught.head[:size].T).float() / warm, -1)
            said = torch.log_softmax(logits / warm, -1)
            hard = torch.log_softmax(logits, -1)
            targets = taught.targets[part, None]
            kl = (wanted.exp() * (wanted - said)).sum()
            loss += mix.share * warm**2 * kl - (1 - mix.share) * hard.gather(-1, targets).sum()
            # d KL(p || q) / d logits = (q - p) / T; d cross-entropy = softmax - one-hot
            d_hard = hard.exp_()
            d_hard.scatter_add_(-1, targets, d_hard.new_full(targets.shape, -1.0))
            d_logits = mix.share * warm * (said.exp_() - wanted.exp_()) + (1 - mix.share) * d_hard
            d_logits = d_logits.div_(total).to(hidden.dtype)
            d_hidden[part] = d_logits @ used
            if d_head is not None:
                d_head[:size].addmm_(d_logits.T, hidden[part])
        ctx.save_for_backward(d_hidden, d_head)
        return loss / total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        d_hidden, d_head = ctx.saved_tensors
        return d_hidden * grad, None if d_head is None else d_head * grad, None, None, None


@dataclass
class ImitationLearner(TokenLearner):
    """Learns tokens and, at the same places, what a teacher would say there.

    Row by row, `taught` has the same learned tokens as `data`; what stands before them may differ (another prompt).
    The teacher's states are computed as they are needed, and never kept: nothing of size N x V is stored.
    """

    teacher: LocalModel | None = None
    taught: Sequence[Row] = ()
    mix: Mix = Mix()

    def __post_init__(self) -> None:
        super().__post_init__()
        assert self.teacher is not None
        self._guide = TokenLearner(self.teacher, self.taught)

    def loss(self, rows: Sequence[int], total: float) -> Tensor:
        """See Learner; in evaluation the loss of the tokens alone, as for every other learner."""
        if not self.model.network.training:
            return super().loss(rows, total)
        assert self.teacher is not None
        hidden, targets = self.label_states(rows)
        with torch.no_grad():
            states, _ = self._guide.label_states(rows)
        return imitation_loss(hidden, self.model.head, Taught(states, self.teacher.head, targets), total, self.mix)
