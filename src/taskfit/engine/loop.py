"""THE training loop. It knows a Learner, never a method's name.

Per optimizer step: the same examples whatever the memory and the number of processes, in an order that is a pure
function of (seed, epoch); the loss weighted by labels over the whole step; gradients clipped; a step of the
optimizer. A step may be cut into pieces to fit memory and shared among ranks, which changes nothing but rounding.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from taskfit.core.errors import TrainingError
from taskfit.core.events import Event
from taskfit.core.method import Desk
from taskfit.core.prediction import CurvePoint
from taskfit.core.text import Text
from taskfit.engine.averages import Average
from taskfit.engine.before import check_rows, check_same_run, run_facts
from taskfit.engine.checkpoint import Checkpoint, find_checkpoint, save_checkpoint
from taskfit.engine.learner import Learner
from taskfit.engine.masters import masters_of
from taskfit.engine.optimizers import make_optimizer, optimizer_tensors, restore_optimizer, set_lr
from taskfit.engine.order import order_of_epoch as order_of_epoch
from taskfit.engine.order import pieces_by_number, pieces_by_tokens
from taskfit.engine.order import rows_of_step as rows_of_step
from taskfit.engine.progress import Progress, progress_of
from taskfit.engine.ranks import current_ranks
from taskfit.engine.schedules import check_schedule
from taskfit.engine.schedules import lr_at as lr_at
from taskfit.engine.training import LoopSettings as LoopSettings


@dataclass(frozen=True)
class LoopResult:
    """What training found. The learner holds the best weights (by dev score) when it was evaluated."""

    curve: tuple[CurvePoint, ...]
    best_dev: float | None
    best_step: int
    steps: int
    tokens: int


def train(
    learner: Learner,
    settings: LoopSettings,
    *,
    desk: Desk,
    folder: Path | None = None,
    evaluate: Callable[[], float] | None = None,
    lr_factors: Mapping[str, float] | None = None,
) -> LoopResult:
    """Train the learner in place and return what was found.

    `evaluate` gives the dev score (higher is better) and drives early stopping; the best weights are put
    back at the end. With a `folder`, training leaves checkpoints there and continues from the newest whole one,
    bit for bit on a CPU. `lr_factors` gives named weights a multiple of the learning rate (LoRA+: Hayou et al. 2024,
    arXiv:2402.12354). Raises TrainingError at a step whose loss or gradient is not finite, KeyboardInterrupt
    (after a checkpoint) when the desk says stop.
    """
    return _Run(learner, settings, desk, folder, evaluate, lr_factors or {}).finish()


class _Run:
    """One training run; exists only inside `train`."""

    def __init__(
        self,
        learner: Learner,
        settings: LoopSettings,
        desk: Desk,
        folder: Path | None,
        evaluate: Callable[[], float] | None,
        lr_factors: Mapping[str, float],
    ):
        self.learner, self.settings, self.desk, self.folder, self.evaluate = learner, settings, desk, folder, evaluate
        self.ranks = current_ranks()
        self._warn(check_rows(learner))
        self._warn(self._alone())
        self.per_epoch = math.ceil(learner.rows / settings.batch)
        self.steps = settings.max_steps or max(1, round(self.per_epoch * settings.epochs))
        self.every = max(1, round(self.per_epoch / settings.evaluations_per_epoch))
        check_schedule(self.steps, settings)
        self.facts = run_facts(learner, settings, lr_factors)
        self.masters = masters_of(learner, settings, self.ranks)
        self.named = self.masters.named
        self.optimizer = make_optimizer(self.named, settings, lr_factors)
        self.average = Average(self.named, settings.ema) if settings.ema is not None else None
        self.state = Progress()
        self.saved_at = time.monotonic()

    def finish(self) -> LoopResult:
        self._resume()
        while self.state.step < self.steps and not self._stale():
            self._step(rows_of_step(self.learner.rows, self.settings.batch, self.settings.seed, self.state.step))
            if self.state.step % self.every == 0 or self.state.step == self.steps:
                self._look()
            self._save_when_due()
        state = self.state
        if state.best:
            self.masters.put(state.best)
        elif self.average is not None:
            self.masters.put(self.average.values)
        self.masters.show()
        best = state.best_dev if self.evaluate else None
        return LoopResult(tuple(state.curve), best, state.best_step or state.step, state.step, state.tokens)

    def _stale(self) -> bool:
        patience = self.settings.patience
        return self.evaluate is not None and patience is not None and self.state.stale >= patience

    def _alone(self) -> Text | None:
        asked = self.settings.parallel
        if self.ranks.count > 1 or asked not in ("ddp", "fsdp"):
            return None
        return Text(
            f"parallel: {asked} does nothing in one process; start more with torchrun --nproc-per-node",
            f"单进程中 parallel: {asked} 不起作用；请用 torchrun --nproc-per-node 启动多个进程",
        )

    def _ended(self) -> bool:
        return self.state.step >= self.steps or self._stale()

    def _step(self, rows: Sequence[int]) -> None:
        state, settings = self.state, self.settings
        # Dropout draws from a counter, not from a stream, so that a resumed run draws the same.
        torch.manual_seed((settings.seed << 32) + (self.ranks.rank << 26) + state.step)
        self.masters.learner.mode(training=True)
        total = sum(self.learner.weight(row) for row in rows)
        loss = self.masters.backward(self._pieces(rows), total) if total else 0.0
        (loss,) = self.ranks.sum([loss])
        norm = self.masters.take_gradients(settings.clip)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            self._not_finite(rows, loss, norm)
        lr = lr_at(state.step, self.steps, settings)
        set_lr(self.optimizer, lr)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.masters.publish()
        state.step += 1
        if self.average is not None:
            self.average.take(self.named, state.step)
        state.tokens += sum(self.learner.tokens(row) for row in rows)
        state.loss_sum += loss
        state.loss_steps += 1
        self._tell(loss, lr)

    def _pieces(self, rows: Sequence[int]) -> dict[int, list[list[int]]]:
        """Return each rank's pieces of a step."""
        count, accumulation = self.ranks.count, self.settings.accumulation
        shares = self.ranks.shares(rows)
        if accumulation is not None:
            return {rank: pieces_by_number(own, math.ceil(accumulation / count)) for rank, own in shares.items()}
        at_once = self.settings.tokens_at_once
        return {rank: pieces_by_tokens(own, self.learner.tokens, at_once) for rank, own in shares.items()}

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

    def _emit(self, event: Event) -> None:
        if self.ranks.lead:
            self.desk.emit(event)

    def _tell(self, loss: float, lr: float) -> None:
        state = self.state
        self._emit(
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
        if self.ranks.lead:
            self.desk.progress(Text("train", "训练"), state.step, self.steps, "steps")

    def _look(self) -> None:
        state = self.state
        score = self._score() if self.evaluate is not None else None
        if score is not None:
            if not math.isfinite(score):
                self._no_score(score)
            if score > state.best_dev:
                state.best_dev, state.best_step, state.stale = score, state.step, 0
                state.best = {name: w.detach().clone() for name, w in self._shown().items()}
            else:
                state.stale += 1
        mean = state.loss_sum / max(1, state.loss_steps)
        lr = lr_at(state.step - 1, self.steps, self.settings)
        epoch = state.step / self.per_epoch
        state.curve.append(CurvePoint(state.step, epoch, mean, lr, state.tokens, score))
        looked = {"step": state.step, "epoch": epoch, "loss": mean, "dev_score": score}
        self._emit(Event("train.look", {"rung": self.desk.rung, "trial": self.desk.note, **looked}))
        state.loss_sum, state.loss_steps = 0.0, 0

    def _score(self) -> float:
        """Return the dev score of the weights to be shown, measured by the lead."""
        assert self.evaluate is not None
        score = 0.0
        with self._averaged():
            self.masters.show()
            with self.ranks.together():
                if self.ranks.lead:
                    self.learner.mode(training=False)
                    score = self.evaluate()
        return float(self.ranks.told_by(0, score))

    def _shown(self) -> Mapping[str, Tensor]:
        return self.average.values if self.average is not None else self.named

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Put the average in the place of the weights for the block."""
        if self.average is None:
            yield
            return
        raw = {name: master.detach().clone() for name, master in self.named.items()}
        self.masters.put(self.average.values)
        try:
            yield
        finally:
            self.masters.put(raw)

    def _save_when_due(self) -> None:
        every, step = self.settings.save_every, self.state.step
        counted = every is not None and (step % every == 0 or self._ended())
        timed = self.ranks.lead and time.monotonic() - self.saved_at >= self.settings.checkpoint_seconds
        stop, due = self.ranks.sum([self.desk.stop(), timed])
        if self.folder is not None and (counted or due or stop):
            checkpoint = self._checkpoint()
            with self.ranks.together():
                if self.ranks.lead:
                    save_checkpoint(self.folder, checkpoint)
            self.saved_at = time.monotonic()
        if stop:
            raise KeyboardInterrupt

    def _checkpoint(self) -> Checkpoint:
        groups: dict[str, Mapping[str, Tensor]] = {
            "weights": self.named,
            "optimizer": optimizer_tensors(self.optimizer, self.named),
        }
        if self.state.best:
            groups["best"] = self.state.best
        if self.average is not None:
            groups["average"] = self.average.values
        groups = {group: self.masters.whole(tensors) for group, tensors in groups.items()}
        facts = self.state.facts() | {"run": self.facts, "ended": self._ended()}
        return Checkpoint(self.state.step, groups, facts)

    def _resume(self) -> None:
        if self.folder is None:
            return
        checkpoint: Checkpoint | None = None
        with self.ranks.together():
            if self.ranks.lead:
                checkpoint = self._found(self.folder)
        self._restore(checkpoint)

    def _found(self, folder: Path) -> Checkpoint | None:
        """Return the checkpoint to continue from; raise UsageError when it is another run's."""
        found = find_checkpoint(folder)
        if found.torn:
            named = ", ".join(found.torn)
            self._warn(Text(f"torn checkpoints were passed over: {named}", f"已跳过损坏的检查点：{named}"))
        if found.checkpoint is not None:
            for remark in check_same_run(found.checkpoint, self.facts, steps=self.steps, where=str(folder)):
                self._warn(remark)
        return found.checkpoint

    def _warn(self, text: Text | None) -> None:
        if text is not None:
            self._emit(Event("warning", {"text": {"en": text.en, "zh": text.zh}}))

    def _restore(self, checkpoint: Checkpoint | None) -> None:
        told: dict[str, Any] | None = None
        if checkpoint is not None:
            told = {"step": checkpoint.step, "facts": checkpoint.facts, "groups": sorted(checkpoint.tensors)}
        told = self.ranks.told_by(0, told)
        if told is None:
            return
        given = checkpoint.tensors if checkpoint is not None else {}
        groups = {group: self.ranks.tensors_from_lead(given.get(group, {})) for group in told["groups"]}
        self.masters.put(groups["weights"])
        restore_optimizer(self.optimizer, self.named, groups["optimizer"], self.masters.placed)
        best = {name: self.masters.placed(name, value) for name, value in groups.get("best", {}).items()}
        if self.average is not None:
            for name, value in self.average.values.items():
                value.copy_(self.masters.placed(name, groups["average"][name]))
        self.state = progress_of(told["step"], told["facts"], best)
        if told["facts"]["run"]["settings"] != self.facts["settings"]:
            self.state.stale = 0  # the run had ended and is asked for more
