"""Learn to answer in words of one's own: an open answer, or what the assistant says in a conversation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from taskfit.core.catalog import Catalog
from taskfit.core.example import Example, Message
from taskfit.core.meter import Meter
from taskfit.core.model import ModelCard
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text
from taskfit.engine.aims.aim import Aim, Asked, Work
from taskfit.engine.dev_loss import mean_loss
from taskfit.engine.language import talk_row, text_row, whole_row
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.prompt import conversation
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.token_lesson import TokenLesson
from taskfit.model.local import LocalModel

# The folder is asked by name, as everywhere; no file of a layer above is imported by its name.
METRICS = Catalog("taskfit.measure.metrics", "metric")
KINDS: frozenset[Kind] = frozenset({"choose", "answer", "generate", "extract"})
MOST_WRITTEN = 200  # dev rows that are answered at every look; writing is slow, the loss is measured on all


@dataclass(frozen=True)
class Talk(Aim):
    """The answer is learned, with the token that ends it; of a conversation every answer, or the `last` ones."""

    rank: ClassVar[int] = 30

    learn: Literal["answers", "all"] = "answers"
    last: int | None = None
    end: bool = True

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

    def row(self, model: LocalModel, task: Task, example: Example) -> Row:
        """Return the training row of an example: its conversation, the target as the last answer where there is one.

        A row without any answer is plain text, mixed in so that what was learned from text is not forgotten.
        """
        if example.target is None and all(message.role == "user" for message in example.messages):
            return text_row(model, example.text)
        said = () if example.target is None else (Message("assistant", example.target),)
        talk = [*conversation(task, example), *said]
        if self.learn == "all":
            return whole_row(model, talk)
        row = talk_row(model, talk, last=self.last, end=self.end)
        return _ended(model, row) if self.end else row

    def lesson(self, work: Work) -> "TalkLesson":
        """See Aim."""
        return TalkLesson.read(work, lambda one: self.row(work.model, work.task, one))

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
        dev, metrics = self.work.practice.dev, self.work.task.metrics
        if not metrics or metrics[0] == "loss" or any(example.target is None for example in dev):
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
    def remarks(self) -> tuple[Text, ...]:
        """See Lesson."""
        written, dev = len(self.written), len(self.dev)
        if not written or written == dev:
            return ()
        return (
            Text(
                f"while training, answers were written for {written} of {dev} dev rows; the loss was measured on all",
                f"训练期间只对 {dev} 条 dev 数据中的 {written} 条生成答案；损失在全部数据上测量",
            ),
        )

    def dev_score(self, learner: TokenLearner) -> float:
        """Return the metric less a sliver of the loss, so that equal values are ordered; else minus the loss."""
        loss = mean_loss(learner.model, self.dev, self.dev_stream)
        if not self.written or not math.isfinite(loss):
            return -loss
        return _value(self.predictor(learner), self.written, self.work.task) - 1e-3 * math.tanh(loss)


def _value(predictor: PromptPredictor, examples: Sequence[Example], task: Task) -> float:
    answers = predictor.predict([example.without_target() for example in examples], Meter())
    golds = [example.target or "" for example in examples]
    compute = METRICS.module(task.primary_metric).compute
    return float(compute(golds, [answer.answer for answer in answers], task.label_names))


def _ended(model: LocalModel, row: Row) -> Row:
    """Return the row with an end-of-text token learned after its last answer where the template writes no end.

    Without one, a model that was taught answers would not know where to stop.
    """
    end = model.tokenizer.eos_token_id
    if model.template.answer_end.strip() or end is None or not any(row.learn):
        return row
    last = max(place for place, share in enumerate(row.learn) if share)
    return Row([*row.ids[: last + 1], end], [*row.learn[: last + 1], 1], row.origin)
