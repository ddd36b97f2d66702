"""Learn to answer in words of one's own: an open answer, or what the assistant says in a conversation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from taskfit.core.catalog import Catalog
from taskfit.core.example import Example
from taskfit.core.meter import Meter
from taskfit.core.model import ModelCard
from taskfit.core.prediction import LOSS
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text
from taskfit.engine.aims.aim import Aim, Asked, Work
from taskfit.engine.dev_loss import mean_loss
from taskfit.engine.learner import TokenLearner
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.reading import Length
from taskfit.engine.talk import TalkRule, rows_of_examples
from taskfit.engine.token_lesson import TokenLesson
from taskfit.model.local import LocalModel

# The folder is asked by name, as everywhere; no file of a layer above is imported by its name.
METRICS = Catalog("taskfit.measure.metrics", "metric")
KINDS: frozenset[Kind] = frozenset({"choose", "answer", "generate", "extract"})
MOST_WRITTEN = 200  # dev rows that are answered at every look; writing is slow, the loss is measured on all


@dataclass(frozen=True)
class Talk(Aim):
    """The answer is learned, and the token that ends it; of a conversation what the rule says."""

    rank: ClassVar[int] = 30

    rule: TalkRule = field(default_factory=TalkRule)
    length: Length = field(default_factory=Length)

    @classmethod
    def of(cls, asked: Asked) -> "Talk":
        """See Aim."""
        return cls(length=Length(asked.max_length, asked.too_long))

    @classmethod
    def wants(cls, asked: Asked, task: Task) -> bool:
        """See Aim."""
        return not task.labels and task.kind in KINDS and asked.answer_by in ("auto", "words")

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Aim."""
        del task
        if card.architecture == "encoder":
            return Text("an encoder cannot write an answer", "编码器不能生成答案")
        return None

    def lesson(self, work: Work) -> "TalkLesson":
        """See Aim."""
        found = TalkLesson.read(
            work,
            lambda some, told: rows_of_examples(work.model, work.task, some, self.rule, told=told),
            self.length,
            ends=self.rule.end,
        )
        return replace(found, remarks=(*found.remarks, *_how_measured(found)))

    @classmethod
    def restore(cls, tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> PromptPredictor:
        """See Aim."""
        del folder, facts
        return PromptPredictor(tuned, task)


@dataclass(frozen=True)
class TalkLesson(TokenLesson):
    """See Lesson. Dev is scored by the task's metric on written answers; without gold answers or metric, by the loss."""

    @property
    def written(self) -> list[Example]:
        """The dev rows that are answered at every look; none where the loss is the score."""
        dev = self.work.practice.dev
        if not _leads(self.work.task) or any(example.target is None for example in dev):
            return []
        if len(dev) <= MOST_WRITTEN:
            return list(dev)
        picked = np.random.default_rng([self.work.desk.seed, 1]).permutation(len(dev))[:MOST_WRITTEN]
        return [dev[i] for i in sorted(picked)]

    @property
    def dev_tokens(self) -> int:
        """See Lesson: tokens of the loss, and of the answers as if they were as long as the right ones."""
        return sum(len(row.ids) for row in self.dev) * (2 if self.written else 1)

    @property
    def dev_metric(self) -> str:
        """See Lesson."""
        return self.work.task.primary_metric if self.written else LOSS

    def dev_score(self, learner: TokenLearner) -> float:
        """Return the metric less a sliver of the loss, so that equal values are ordered; else minus the loss."""
        loss = mean_loss(learner.model, self.dev, self.dev_stream)
        if not self.written or not math.isfinite(loss):
            return -loss
        return _value(self.predictor(learner), self.written, self.work.task) - 1e-3 * math.tanh(loss)


def _leads(task: Task) -> bool:
    """Whether the task names a metric that can lead: not the loss, and no error, which is undefined without answers."""
    if not task.metrics or task.primary_metric == "loss":
        return False
    metric = METRICS.module(task.primary_metric)
    return not ("error" in vars(metric) and metric.error)


def _how_measured(lesson: TalkLesson) -> tuple[Text, ...]:
    written, dev = len(lesson.written), len(lesson.work.practice.dev)
    if not written or written == dev:
        return ()
    return (
        Text(
            f"while training, answers were written for {written} of {dev} dev rows; the loss was measured on all",
            f"训练期间只对 {dev} 条 dev 数据中的 {written} 条生成答案；损失在全部数据上测量",
        ),
    )


def _value(predictor: PromptPredictor, examples: Sequence[Example], task: Task) -> float:
    answers = predictor.predict([example.without_target() for example in examples], Meter())
    golds = [example.target or "" for example in examples]
    compute = METRICS.module(task.primary_metric).compute
    return float(compute(golds, [answer.answer for answer in answers], task.label_names))
