"""Heads that say numbers or several labels: the linear one on frozen features, and what fine-tuning learns from it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch

from taskfit.core.errors import DataError, UsageError
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text
from taskfit.engine.aims.aim import Aim, Asked, Work
from taskfit.engine.features import FrozenStream, batches_of, pool_states, pooled
from taskfit.engine.flops import forward_flops
from taskfit.engine.headed import HeadPredictor, Pooling, head_rows, load_head, pooling_of
from taskfit.engine.learner import ClassHead, ClassLearner, stream_hidden
from taskfit.engine.linear import ChosenHead, Floats, LinearHead
from taskfit.engine.outputs import Outputs, Values, output_count, outputs_of
from taskfit.engine.search import Tried, search
from taskfit.model.flat import Layout
from taskfit.model.local import LocalModel

# Penalties tried for the head that fine-tuning starts from; they cost next to nothing.
FIRST_HEADS = 5


@dataclass(frozen=True)
class ValueAim(Aim):
    """What the aims share whose head says several values: they differ in the kind of task."""

    kind: ClassVar[Kind]

    pooling: Pooling = "auto"

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """See Aim."""
        return cls(asked.pooling)

    @classmethod
    def wants(cls, asked: Asked, task: Task) -> bool:
        """See Aim."""
        return task.kind == cls.kind and asked.answer_by in ("auto", "head")

    def lesson(self, work: Work) -> "ValueLesson":
        """See Aim."""
        return value_lesson(work, self.pooling)

    def save(self, predictor: HeadPredictor, folder: Path) -> Mapping[str, Any]:
        """See Aim."""
        return save_head(predictor, folder)

    @classmethod
    def restore(cls, tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> HeadPredictor:
        """See Aim."""
        return restore_head(tuned, task, folder, facts)


@dataclass(frozen=True)
class Measured:
    """Features [N, W] with their targets [N, C]."""

    features: Floats
    targets: Values


def choose_outputs(outputs: Outputs, train: Measured, dev: Measured, *, budget: int) -> ChosenHead:
    """Return the linear head whose penalty is best on dev; without dev rows, that of the usual penalty."""
    if not len(dev.targets):
        return ChosenHead(outputs.fit(train.features, train.targets, outputs.usual_decay), ())
    heads: dict[float, LinearHead] = {}

    def attempt(decay: float) -> Tried:
        start = time.perf_counter()
        heads[decay] = outputs.fit(train.features, train.targets, decay)
        score = outputs.score(heads[decay].logits(dev.features).astype(np.float64), dev.targets)
        return Tried(score, time.perf_counter() - start)

    found = search("decay", outputs.usual_decay, budget, attempt, factor=10.0)
    return ChosenHead(heads[found.value], found.trials)


def as_module(head: LinearHead) -> ClassHead:
    """Return the head as a module whose weights can be trained."""
    classes, width = head.weights.shape
    module = ClassHead(width, classes)
    with torch.no_grad():
        module.linear.weight.copy_(torch.from_numpy(head.weights))
        module.linear.bias.copy_(torch.from_numpy(head.bias))
    return module


@dataclass(frozen=True)
class _Part:
    ids: list[list[int]]
    targets: Values
    stream: FrozenStream | None


@dataclass(frozen=True)
class ValueLesson:
    """See Lesson: a head of numbers or several labels, starting from the best linear one on frozen features."""

    work: Work
    outputs: Outputs
    rows: _Part
    dev: _Part
    pooling: str
    first: LinearHead
    remarks: tuple[Text, ...] = ()

    @property
    def dev_tokens(self) -> int:
        """See Lesson."""
        return sum(map(len, self.dev.ids))

    @property
    def dev_metric(self) -> str:
        """See Lesson."""
        return self.outputs.metric

    def learner(self, tuned: LocalModel) -> ClassLearner:
        """See Lesson."""
        work, rows = self.work, self.rows
        return ClassLearner(
            tuned,
            as_module(self.first).to(tuned.device),
            rows.ids,
            rows.targets.tolist(),
            self.pooling,
            rows.stream,
            work.label_smoothing,
            work.neftune_alpha,
            self.outputs.criterion,
        )

    def dev_score(self, learner: ClassLearner) -> float:
        """See Lesson: R^2 of numbers, F1 of labels."""
        return self.outputs.score(self._dev_outputs(learner), self.dev.targets)

    def predictor(self, learner: ClassLearner) -> HeadPredictor:
        """See Lesson."""
        head = self.outputs.finish(learner.head, self._dev_outputs(learner), self.dev.targets)
        return HeadPredictor(learner.model, self.work.task, head, learner.pooling)

    def _dev_outputs(self, learner: ClassLearner) -> Values:
        parts = [np.empty((0, self.first.bias.size))]
        with torch.inference_mode():
            for batch in batches_of([len(row) for row in self.dev.ids]):
                rows = [self.dev.ids[i] for i in batch]
                hidden = stream_hidden(learner.model, rows, self.dev.stream, batch)
                states = pool_states(hidden, Layout(tuple(len(row) for row in rows)), learner.pooling)
                parts.append(learner.head(states.float()).double().cpu().numpy())
        return np.concatenate(parts)


def value_lesson(work: Work, pooling: Pooling) -> ValueLesson:
    """Return the lesson of a task of numbers or several labels; raise DataError without rows."""
    model, task, practice = work.model, work.task, work.practice
    if not practice.train:
        raise DataError(Text("there are no rows to train on", "没有可训练的数据"))
    if task.kind == "regress" and work.label_smoothing:
        raise UsageError(
            Text(
                "label_smoothing is for labels; the targets here are numbers",
                "label_smoothing 用于标签，而这里的目标是数值",
            ),
            todo=Text("set label_smoothing: 0", "请设置 label_smoothing: 0"),
        )
    outputs, how = outputs_of(task, practice.train), pooling_of(model, pooling)
    ids = [head_rows(model, task, part) if part else [] for part in (practice.train, practice.dev)]
    targets = [outputs.targets(part) for part in (practice.train, practice.dev)]
    features = [
        Measured(pooled(model, rows, how, cache=work.desk.cache), wanted)
        for rows, wanted in zip(ids, targets, strict=True)
    ]
    work.desk.meter.add(flops=forward_flops(model.card, sum(map(len, ids[0]))))  # features of the first head
    first = choose_outputs(outputs, *features, budget=FIRST_HEADS).head
    rows, dev = (
        _Part(part, wanted, work.stream(part, told=told))
        for part, wanted, told in zip(ids, targets, (True, False), strict=True)
    )
    return ValueLesson(work, outputs, rows, dev, how, first)


def save_head(predictor: HeadPredictor, folder: Path) -> Mapping[str, Any]:
    """Write a head, and return the facts that `restore_head` needs."""
    predictor.save(folder)
    return {"pooling": predictor.pooling}


def restore_head(tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> HeadPredictor:
    """Return the predictor of a tuned model with the head that `save_head` wrote."""
    head = load_head(folder, tuned.card.width, output_count(task))
    return HeadPredictor(tuned, task, head, facts["pooling"])


def finished(outputs: Outputs, head: LinearHead, dev: Measured) -> ClassHead:
    """Return a linear head as it answers, with what is chosen on dev."""
    on_dev = head.logits(dev.features).astype(np.float64)
    return outputs.finish(as_module(head), on_dev, dev.targets)
