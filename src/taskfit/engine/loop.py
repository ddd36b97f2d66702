"""THE training loop. It knows a Learner, never a method's name.

Per optimizer step: the same examples whatever the memory, in an order that is a pure function of
(seed, epoch); the loss weighted by labels over the whole step; gradients clipped; a fused AdamW. A step may
be cut into pieces to fit memory, which changes nothing but rounding.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from taskfit.core.errors import TrainingError
from taskfit.core.events import Event
from taskfit.core.method import Desk
from taskfit.core.prediction import CurvePoint
from taskfit.core.text import Text
from taskfit.engine.before import check_rows, check_same_run, run_facts
from taskfit.engine.checkpoint import Checkpoint, find_checkpoint, save_checkpoint
from taskfit.engine.learner import Learner
from taskfit.engine.training import LoopSettings as LoopSettings


@dataclass(frozen=True)
class LoopResult:
    """What training found. The learner holds the best weights (by dev score) when it was evaluated."""

    curve: tuple[CurvePoint, ...]
    best_dev: float | None
    best_step: int
    steps: int
    tokens: int


@dataclass
class _State:
    """Everything that a checkpoint restores."""

    step: int = 0
    tokens: int = 0
    stale: int = 0
    best_dev: float = -math.inf
    best_step: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    curve: list[CurvePoint] = field(default_factory=list)
    loss_sum: float = 0.0
    loss_steps: int = 0


def order_of_epoch(rows: int, seed: int, epoch: int) -> list[int]:
    """Return the order of the rows in an epoch: a pure function of its arguments."""
    order: list[int] = np.random.default_rng([seed, epoch]).permutation(rows).tolist()
    return order


def rows_of_step(rows: int, batch: int, seed: int, step: int) -> list[int]:
    """Return the rows of optimizer step `step` (0-based); the last step of an epoch may be short."""
    per_epoch = math.ceil(rows / batch)
    epoch, place = divmod(step, per_epoch)
    return order_of_epoch(rows, seed, epoch)[place * batch : (place + 1) * batch]


def lr_at(step: int, steps: int, settings: LoopSettings) -> float:
    """Return the learning rate of step `step` of `steps`: linear warm-up, then the schedule down to 0."""
    warm = math.ceil(settings.warmup * steps)
    if step < warm:
        return settings.lr * (step + 1) / warm
    if settings.schedule == "constant":
        return settings.lr
    share = (step - warm) / max(1, steps - warm)
    if settings.schedule == "cosine":
        return settings.lr * 0.5 * (1 + math.cos(math.pi * share))
    return settings.lr * (1 - share)


def train(
    learner: Learner,
    settings: LoopSettings,
    *,
    desk: Desk,
    folder: Path | None = None,
    evaluate: Callable[[], float] | None = None,
) -> LoopResult:
    """Train the learner in place and return what was found.

    `evaluate` gives the dev score (higher is better) and drives early stopping; the best weights are put
    back at the end. With a `folder`, training leaves checkpoints there and continues from the newest whole one,
    bit for bit on a CPU. Raises TrainingError at a step whose loss or gradient is not finite, KeyboardInterrupt
    (after a checkpoint) when the desk says stop.
    """
    return _Run(learner, settings, desk, folder, evaluate).finish()


class _Run:
    """One training run; exists only inside `train`."""

    def __init__(
        self,
        learner: Learner,
        settings: LoopSettings,
        desk: Desk,
        folder: Path | None,
        evaluate: Callable[[], float] | None,
    ):
        self.learner, self.settings, self.desk, self.folder, self.evaluate = learner, settings, desk, folder, evaluate
        self._warn(check_rows(learner))
        self.per_epoch = math.ceil(learner.rows / settings.batch)
        self.steps = max(1, round(self.per_epoch * settings.epochs))
        self.every = max(1, round(self.per_epoch / settings.evaluations_per_epoch))
        self.weights = learner.trained()
        self.masters = _masters(self.weights)
        self.optimizer = torch.optim.AdamW(
            [
                {"params": part, "weight_decay": decay}
                for part, decay in _decay_groups(self.masters, settings.weight_decay)
            ],
            lr=settings.lr,
            betas=settings.betas or (0.9, 0.999),
            fused=True,
        )
        self.state = _State()
        self.saved_at = time.monotonic()

    def finish(self) -> LoopResult:
        self._resume()
        state = self.state
        while state.step < self.steps and not self._stale():
            self._step(rows_of_step(self.learner.rows, self.settings.batch, self.settings.seed, state.step))
            if state.step % self.every == 0 or state.step == self.steps:
                self._look()
            self._save_when_due()
        if state.best:
            self._put(state.best)
        best = state.best_dev if self.evaluate else None
        return LoopResult(tuple(state.curve), best, state.best_step or state.step, state.step, state.tokens)

    def _stale(self) -> bool:
        patience = self.settings.patience
        return self.evaluate is not None and patience is not None and self.state.stale >= patience

    def _step(self, rows: Sequence[int]) -> None:
        state, settings = self.state, self.settings
        lr = lr_at(state.step, self.steps, settings)
        # Dropout draws from a counter, not from a stream, so that a resumed run draws the same.
        torch.manual_seed((settings.seed << 32) + state.step)
        self.learner.mode(training=True)
        total = sum(self.learner.weight(row) for row in rows)
        loss = 0.0
        if total:
            for piece in self._pieces(rows):
                part = self.learner.loss(piece, total)
                part.backward()  # type: ignore[no-untyped-call]
                loss += float(part.detach())
        norm = self._gradients_to_masters()
        if not (math.isfinite(loss) and math.isfinite(norm)):
            self._not_finite(rows, loss, norm)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._masters_to_weights()
        state.step += 1
        tokens = sum(self.learner.tokens(row) for row in rows)
        state.tokens += tokens
        state.loss_sum += loss
        state.loss_steps += 1
        self._tell(loss, lr)

    def _pieces(self, rows: Sequence[int]) -> list[list[int]]:
        pieces: list[list[int]] = []
        used = self.settings.tokens_at_once
        for row in rows:
            if used + self.learner.tokens(row) > self.settings.tokens_at_once:
                pieces.append([])
                used = 0
            pieces[-1].append(row)
            used += self.learner.tokens(row)
        return pieces

    def _gradients_to_masters(self) -> float:
        for name, weight in self.weights.items():
            master = self.masters[name]
            if master is not weight:
                master.grad = None if weight.grad is None else weight.grad.to(master.dtype)
                weight.grad = None
        norm = nn.utils.clip_grad_norm_(list(self.masters.values()), self.settings.clip or math.inf)
        return float(norm)

    @torch.no_grad()
    def _masters_to_weights(self) -> None:
        for name, weight in self.weights.items():
            if self.masters[name] is not weight:
                weight.copy_(self.masters[name])

    def _not_finite(self, rows: Sequence[int], loss: float, norm: float) -> None:
        what = f"loss {loss}, gradient norm {norm}"
        named = ", ".join(str(row + 1) for row in rows[:8])
        raise TrainingError(
            Text(
                f"training became {what} at step {self.state.step + 1} with training rows {named}",
                f"第 {self.state.step + 1} 步训练出现非有限值（{what}），训练行 {named}",
            ),
            todo=Text("lower the learning rate, or look at these rows", "请降低学习率，或检查这些行"),
        )

    def _no_score(self, score: float) -> None:
        raise TrainingError(
            Text(
                f"the dev score became {score} after step {self.state.step}: the weights are no longer numbers",
                f"第 {self.state.step} 步之后 dev 分数变为 {score}：权重已不是有效数字",
            ),
            todo=Text("lower the learning rate", "请降低学习率"),
        )

    def _tell(self, loss: float, lr: float) -> None:
        state = self.state
        self.desk.emit(
            Event(
                "train.step",
                {
                    "rung": self.desk.rung,
                    "trial": self.desk.note,
                    "step": state.step,
                    "total": self.steps,
                    "loss": round(loss, 6),
                    "lr": lr,
                    "tokens": state.tokens,
                },
            )
        )
        self.desk.progress(Text("train", "训练"), state.step, self.steps, "steps")

    def _look(self) -> None:
        state = self.state
        score = None
        if self.evaluate is not None:
            self.learner.mode(training=False)
            score = self.evaluate()
            if not math.isfinite(score):
                self._no_score(score)
            if score > state.best_dev:
                state.best_dev, state.best_step, state.stale = score, state.step, 0
                state.best = {name: w.detach().clone() for name, w in self.masters.items()}
            else:
                state.stale += 1
        mean = state.loss_sum / max(1, state.loss_steps)
        lr = lr_at(state.step - 1, self.steps, self.settings)
        epoch = state.step / self.per_epoch
        state.curve.append(CurvePoint(state.step, epoch, mean, lr, state.tokens, score))
        state.loss_sum, state.loss_steps = 0.0, 0

    @torch.no_grad()
    def _put(self, values: dict[str, Tensor]) -> None:
        for name, master in self.masters.items():
            master.copy_(values[name])
        self._masters_to_weights()

    def _save_when_due(self) -> None:
        stop = self.desk.stop()
        due = time.monotonic() - self.saved_at >= self.settings.checkpoint_seconds
        if self.folder is not None and (due or stop):
            save_checkpoint(self.folder, self._checkpoint())
            self.saved_at = time.monotonic()
        if stop:
            raise KeyboardInterrupt

    def _checkpoint(self) -> Checkpoint:
        state = self.state
        optimizer: dict[str, Tensor] = {}
        for name, master in self.masters.items():
            for key, value in self.optimizer.state[master].items():
                optimizer[f"{key}/{name}"] = value
        facts = {
            "tokens": state.tokens,
            "stale": state.stale,
            "best_dev": state.best_dev if math.isfinite(state.best_dev) else None,
            "best_step": state.best_step,
            "loss_sum": state.loss_sum,
            "loss_steps": state.loss_steps,
            "curve": [vars(point) for point in state.curve],
            "run": run_facts(self.learner, self.settings),
        }
        groups: dict[str, dict[str, Tensor]] = {"weights": dict(self.masters), "optimizer": optimizer}
        if state.best:
            groups["best"] = state.best
        return Checkpoint(state.step, groups, facts)

    def _resume(self) -> None:
        if self.folder is None:
            return
        found = find_checkpoint(self.folder)
        if found.torn:
            named = ", ".join(found.torn)
            self._warn(Text(f"torn checkpoints were passed over: {named}", f"已跳过损坏的检查点：{named}"))
        if found.checkpoint is not None:
            now = run_facts(self.learner, self.settings)
            self._warn(check_same_run(found.checkpoint.facts["run"], now, str(self.folder)))
            self._restore(found.checkpoint)

    def _warn(self, text: Text | None) -> None:
        if text is not None:
            self.desk.emit(Event("warning", {"text": {"en": text.en, "zh": text.zh}}))

    def _restore(self, checkpoint: Checkpoint) -> None:
        facts, state = checkpoint.facts, self.state
        self._put(dict(checkpoint.tensors["weights"]))
        for key, value in checkpoint.tensors["optimizer"].items():
            kind, _, name = key.partition("/")
            self.optimizer.state[self.masters[name]][kind] = value.to(self.masters[name].device)
        state.step = checkpoint.step
        state.tokens, state.stale, state.best_step = facts["tokens"], facts["stale"], facts["best_step"]
        state.best_dev = -math.inf if facts["best_dev"] is None else facts["best_dev"]
        state.loss_sum, state.loss_steps = facts["loss_sum"], facts["loss_steps"]
        state.curve = [CurvePoint(**point) for point in facts["curve"]]
        state.best = dict(checkpoint.tensors.get("best", {}))


def _masters(weights: dict[str, nn.Parameter]) -> dict[str, nn.Parameter]:
    """Return float32 weights for the optimizer: the weights themselves, or copies where they are shorter."""
    return {
        name: weight if weight.dtype == torch.float32 else nn.Parameter(weight.detach().float())
        for name, weight in weights.items()
    }


def _decay_groups(weights: dict[str, nn.Parameter], decay: float) -> list[tuple[list[nn.Parameter], float]]:
    """Split into matrices, which decay, and vectors (norms, biases), which do not."""
    matrices = [w for w in weights.values() if w.ndim >= 2]
    vectors = [w for w in weights.values() if w.ndim < 2]
    return [(part, d) for part, d in ((matrices, decay), (vectors, 0.0)) if part]
