"""Learn the tag of every word (entities) with a linear head on the state of the token that speaks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from taskfit.core.errors import DataError
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.aims.aim import Aim, Asked, Work
from taskfit.engine.features import FrozenStream
from taskfit.engine.flops import forward_flops
from taskfit.engine.headed import load_head
from taskfit.engine.linear import LinearHead
from taskfit.engine.tagged import (
    Tagged,
    TagLearner,
    TagPredictor,
    choose_tags,
    remarks_on,
    span_f1,
    tagged,
    word_states,
)
from taskfit.engine.tagging import TagClasses
from taskfit.engine.values import FIRST_HEADS, as_module
from taskfit.model.local import LocalModel

# Words that the head in which fine-tuning starts is fitted to; more make it hardly better.
FIRST_WORDS = 20_000


@dataclass(frozen=True)
class Tags(Aim):
    """A head on every word."""

    rank: ClassVar[int] = 3

    @classmethod
    def wants(cls, asked: Asked, task: Task) -> bool:
        """See Aim."""
        return task.kind == "tag" and asked.answer_by in ("auto", "head")

    def lesson(self, work: Work) -> "TagsLesson":
        """See Aim."""
        model, practice = work.model, work.practice
        if not practice.train:
            raise DataError(Text("there are no rows to train on", "没有可训练的数据"))
        classes = TagClasses(work.task.label_names)
        rows, dev = (tagged(model, classes, part) for part in (practice.train, practice.dev))
        first = _first_head(work, rows, dev, classes)
        streams = work.stream(rows.ids, told=True), work.stream(dev.ids)
        return TagsLesson(work, classes, rows, dev, first, *streams, remarks_on(rows, classes))

    def save(self, predictor: TagPredictor, folder: Path) -> Mapping[str, Any]:
        """See Aim."""
        predictor.save(folder)
        return {}

    @classmethod
    def restore(cls, tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> TagPredictor:
        """See Aim."""
        del facts
        return TagPredictor(tuned, task, load_head(folder, tuned.card.width, TagClasses(task.label_names).count))


@dataclass(frozen=True)
class TagsLesson:
    """See Lesson."""

    work: Work
    classes: TagClasses
    rows: Tagged
    dev: Tagged
    first: LinearHead
    stream: FrozenStream | None
    dev_stream: FrozenStream | None
    remarks: tuple[Text, ...] = ()

    @property
    def dev_tokens(self) -> int:
        """See Lesson."""
        return self.dev.tokens

    @property
    def dev_metric(self) -> str:
        """See Lesson."""
        return "entity_f1"

    def learner(self, tuned: LocalModel) -> TagLearner:
        """See Lesson."""
        head = as_module(self.first).to(tuned.device)
        return TagLearner(tuned, head, self.rows, self.stream, self.work.label_smoothing, self.work.neftune_alpha)

    def dev_score(self, learner: TagLearner) -> float:
        """See Lesson: the F1 of the entities."""
        outputs = word_states(learner.model, self.dev.rows, self.dev_stream, learner.head)
        return span_f1(outputs, self.dev, self.classes)

    def predictor(self, learner: TagLearner) -> TagPredictor:
        """See Lesson."""
        return TagPredictor(learner.model, self.work.task, learner.head.requires_grad_(False))


def _first_head(work: Work, rows: Tagged, dev: Tagged, classes: TagClasses) -> LinearHead:
    """Return the best linear head on frozen features: fine-tuning starts from it (Kumar et al. 2022, 2202.10054)."""
    words = np.cumsum([len(row.places) for row in rows.rows])
    used = rows.rows[: int(np.searchsorted(words, FIRST_WORDS)) + 1]
    states = np.concatenate(word_states(work.model, used))
    tokens = sum(len(row.ids) for row in used) + dev.tokens
    work.desk.meter.add(flops=forward_flops(work.model.card, tokens))
    seen = word_states(work.model, dev.rows)
    return choose_tags((states, rows), (seen, dev), classes, budget=FIRST_HEADS).head
