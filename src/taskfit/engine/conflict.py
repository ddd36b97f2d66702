"""Tasks that pull at the same weights: the cosine of their gradients, and steps from which conflicts are taken out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist, fmean, stdev
from typing import Any, Literal

import torch
from torch import Tensor

from taskfit.engine.learner import TokenLearner

DRAWS, DRAWN = 4, 8  # gradients of each task at one look, and rows of each
FEWEST = 4  # cosines below which nothing is said of a pair: of three, even a wide interval rests on chance
MATTERS = 0.1  # a tenth of what a step does for one task is undone by an equally long step for the other
LEVEL = 0.95


def gradient_of(learner: TokenLearner, rows: Sequence[int]) -> Tensor:
    """Return the gradient of the mean loss of the rows with respect to all trained weights, as one vector [P]."""
    weights = [weight for weight in learner.trained().values() if weight.requires_grad]
    total = sum(learner.weight(row) for row in rows) or 1.0
    found = torch.autograd.grad(learner.loss(rows, total), weights, allow_unused=True)
    return torch.cat([_flat(one, weight) for one, weight in zip(found, weights, strict=True)])


def cosines(gradients: Mapping[str, Tensor]) -> dict[tuple[str, str], float]:
    """Return the cosine between the gradients of each two tasks: below 0 a step for one is a step against the other."""
    found = {}
    for (one, a), (other, b) in combinations(gradients.items(), 2):
        norms = float(a.norm() * b.norm())
        found[one, other] = float(a @ b) / norms if norms > 0 else 0.0
    return found


@dataclass(frozen=True)
class Pull:
    """How two tasks pull at shared weights: the mean cosine between their gradients over `draws`, and its interval.

    None as a bound: there are too few draws to say anything.
    """

    mean: float
    low: float | None
    high: float | None
    draws: int

    @property
    def verdict(self) -> Literal["conflict", "help", "neither", "unknown"]:
        """What may be said: a conflict is a cosine below 0 (Yu et al. 2020, arXiv:2001.06782, definition 1), here one
        that the draws show (the whole interval is below 0) and that matters (its mean is at most -MATTERS).
        """
        if self.low is None or self.high is None:
            return "unknown"
        if self.high < 0 and self.mean <= -MATTERS:
            return "conflict"
        return "help" if self.low > 0 and self.mean >= MATTERS else "neither"


def pull_of(cosines_found: Sequence[float], *, pairs: int = 1, level: float = LEVEL) -> Pull:
    """Return the mean of cosines that were drawn apart, with Student's interval; `pairs` intervals hold together.

    The more pairs are looked at, the wider each interval (Bonferroni), so that among many no conflict is found by
    chance. What is estimated is the mean over the looks of this training.
    """
    count, mean = len(cosines_found), fmean(cosines_found)
    if count < FEWEST:
        return Pull(mean, None, None, count)
    reach = t_quantile(1 - (1 - level) / (2 * pairs), count - 1) * stdev(cosines_found) / math.sqrt(count)
    return Pull(mean, mean - reach, mean + reach, count)


def t_quantile(p: float, freedom: int) -> float:
    """Return the p-quantile of Student's t, by its expansion around the normal (Abramowitz and Stegun 1964, 26.7.5)."""
    z, v = NormalDist().inv_cdf(p), float(freedom)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / v + second / v**2 + third / v**3 + fourth / v**4


def projected(gradients: Sequence[Tensor]) -> Tensor:
    """Return the sum of the gradients, each without what works against another (PCGrad; Yu et al. 2020, arXiv:2001.06782).

    For every i, and every j in order: g_i <- g_i - min(0, g_i . g_j) / |g_j|^2 g_j, with the g_j as they came.
    """
    kept = []
    for place, gradient in enumerate(gradients):
        ours = gradient.clone()
        for other in (*gradients[place + 1 :], *gradients[:place]):
            against = torch.dot(ours, other)
            if against < 0:
                ours -= against / other.dot(other) * other
        kept.append(ours)
    return torch.stack(kept).sum(0)


@dataclass
class ProjectedLearner(TokenLearner):
    """A TokenLearner of several tasks whose steps are free of conflicts; `task_of` names the task of each row.

    The value of the loss is that of TokenLearner; its gradient is the projected one (of each piece, where a step is
    cut into pieces).
    """

    task_of: Sequence[int] = ()

    def loss(self, rows: Sequence[int], total: float) -> Tensor:
        """See Learner."""
        groups: dict[int, list[int]] = {}
        for row in rows:
            groups.setdefault(self.task_of[row], []).append(row)
        if len(groups) < 2 or not self.model.network.training or not torch.is_grad_enabled():
            return super().loss(rows, total)
        weights = list(self.trained().values())
        value, gradients = torch.zeros(()), []
        for some in groups.values():
            loss = super().loss(some, total)
            found = torch.autograd.grad(loss, weights, allow_unused=True)
            gradients.append(torch.cat([_flat(one, weight) for one, weight in zip(found, weights, strict=True)]))
            value = value.to(loss.device) + loss.detach()
        given: Tensor = _Given.apply(value, projected(gradients), *weights)  # type: ignore[no-untyped-call]
        return given


class _Given(torch.autograd.Function):
    """A value with a gradient that was computed elsewhere."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, gradient: Tensor, *weights: Tensor) -> Tensor:
        ctx.parts = [
            part.view_as(weight).to(weight.dtype)
            for part, weight in zip(torch.split(gradient, [weight.numel() for weight in weights]), weights, strict=True)
        ]
        return value.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *(part * grad for part in ctx.parts)


def _flat(gradient: Tensor | None, weight: Tensor) -> Tensor:
    return (torch.zeros_like(weight) if gradient is None else gradient).reshape(-1).float()
