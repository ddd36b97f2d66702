"""Learn to name a class with a linear head on the network's pooled output."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from taskfit.core.errors import DataError
from taskfit.core.example import Example
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.aims.aim import Aim, Asked, Work
from taskfit.engine.calibrate import dev_value
from taskfit.engine.features import FrozenStream, batches_of, pool_states, pooled
from taskfit.engine.flops import forward_flops
from taskfit.engine.headed import HeadPredictor, Pooling, head_rows, load_head, pooling_of
from taskfit.engine.learner import ClassHead, ClassLearner, stream_hidden
from taskfit.engine.linear import Labelled, choose_linear
from taskfit.model.flat import Layout
from taskfit.model.local import LocalModel

# Penalties tried for the head that fine-tuning starts from; they cost next to nothing.
FIRST_HEADS = 5


@dataclass(frozen=True)
class Head(Aim):
    """A classification head."""

    rank: ClassVar[int] = 20

    pooling: Pooling = "auto"

    @classmethod
    def of(cls, asked: Asked) -> "Head":
        """See Aim."""
        return cls(asked.pooling)

    @classmethod
    def wants(cls, asked: Asked, task: Task) -> bool:
        """See Aim."""
        return task.closed and asked.answer_by in ("auto", "head")

    def lesson(self, work: Work) -> "HeadLesson":
        """See Aim."""
        model, task, practice = work.model, work.task, work.practice
        if not practice.train or not practice.dev:
            raise DataError(Text("training needs rows in train and in dev", "训练需要 train 与 dev 都有数据"))
        rows, dev = (_numbered(model, task, part) for part in (practice.train, practice.dev))
        pooling = pooling_of(model, self.pooling)
        first = _first_head(work, rows, dev, pooling)
        work.desk.meter.add(flops=forward_flops(model.card, sum(map(len, rows.ids))))  # features of the first head
        return HeadLesson(work, rows, dev, pooling, first, work.stream(rows.ids, told=True), work.stream(dev.ids))

    def save(self, predictor: HeadPredictor, folder: Path) -> Mapping[str, Any]:
        """See Aim."""
        predictor.save(folder)
        return {"pooling": predictor.pooling}

    @classmethod
    def restore(cls, tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> HeadPredictor:
        """See Aim."""
        head = load_head(folder, tuned.card.width, len(task.labels))
        return HeadPredictor(tuned, task, head, facts["pooling"])


@dataclass(frozen=True)
class Numbered:
    """Rows of token ids with their class numbers."""

    ids: list[list[int]]
    targets: list[int]


@dataclass(frozen=True)
class HeadLesson:
    """See Lesson."""

    work: Work
    rows: Numbered
    dev: Numbered
    pooling: str
    first: ClassHead
    stream: FrozenStream | None
    dev_stream: FrozenStream | None
    remarks: tuple[Text, ...] = ()

    @property
    def dev_tokens(self) -> int:
        """See Lesson."""
        return sum(map(len, self.dev.ids))

    @property
    def dev_metric(self) -> str:
        """See Lesson."""
        return "accuracy"

    def learner(self, tuned: LocalModel) -> ClassLearner:
        """See Lesson."""
        head = ClassHead(tuned.card.width, len(self.work.task.labels))
        head.load_state_dict(self.first.state_dict())
        head.to(tuned.device)
        return ClassLearner(
            tuned,
            head,
            self.rows.ids,
            self.rows.targets,
            self.pooling,
            self.stream,
            self.work.label_smoothing,
            self.work.neftune_alpha,
        )

    def dev_score(self, learner: ClassLearner) -> float:
        """Return the accuracy on dev, less a sliver of the loss so that equal accuracies are ordered."""
        parts = []
        with torch.inference_mode():
            for batch in batches_of([len(row) for row in self.dev.ids]):
                rows = [self.dev.ids[i] for i in batch]
                hidden = stream_hidden(learner.model, rows, self.dev_stream, batch)
                states = pool_states(hidden, Layout(tuple(len(row) for row in rows)), learner.pooling)
                parts.append(learner.head(states.float()).double().cpu().numpy())
        return dev_value(np.concatenate(parts), self.dev.targets)

    def predictor(self, learner: ClassLearner) -> HeadPredictor:
        """See Lesson."""
        return HeadPredictor(learner.model, self.work.task, learner.head.requires_grad_(False), learner.pooling)


def _numbered(model: LocalModel, task: Task, examples: Sequence[Example]) -> Numbered:
    targets = [task.label_names.index(example.target or "") for example in examples]
    return Numbered(head_rows(model, task, examples), targets)


def _first_head(work: Work, train: Numbered, dev: Numbered, pooling: str) -> ClassHead:
    """Return the linear probe on frozen features: fine-tuning starts from it (Kumar et al. 2022, arXiv:2202.10054)."""
    model, cache = work.model, work.desk.cache
    parts = [Labelled(pooled(model, part.ids, pooling, cache=cache), part.targets) for part in (train, dev)]
    classes = len(work.task.labels)
    probe = choose_linear(parts[0], parts[1], classes, budget=FIRST_HEADS).head
    head = ClassHead(model.card.width, classes)
    with torch.no_grad():
        head.linear.weight.copy_(torch.from_numpy(probe.weights))
        head.linear.bias.copy_(torch.from_numpy(probe.bias))
    return head
