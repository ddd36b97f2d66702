"""Learn which of several labels a text has: one yes or no for each, and one threshold chosen on dev."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from taskfit.core.task import Task
from taskfit.engine.aims.aim import Aim, Asked, Work
from taskfit.engine.headed import HeadPredictor, Pooling
from taskfit.engine.values import ValueLesson, restore_head, save_head, value_lesson
from taskfit.model.local import LocalModel


@dataclass(frozen=True)
class Labels(Aim):
    """A head with a sigmoid for each label."""

    rank: ClassVar[int] = 5

    pooling: Pooling = "auto"

    @classmethod
    def of(cls, asked: Asked) -> "Labels":
        """See Aim."""
        return cls(asked.pooling)

    @classmethod
    def wants(cls, asked: Asked, task: Task) -> bool:
        """See Aim."""
        return task.kind == "multilabel" and asked.answer_by in ("auto", "head")

    def lesson(self, work: Work) -> ValueLesson:
        """See Aim."""
        return value_lesson(work, self.pooling)

    def save(self, predictor: HeadPredictor, folder: Path) -> Mapping[str, Any]:
        """See Aim."""
        return save_head(predictor, folder)

    @classmethod
    def restore(cls, tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> HeadPredictor:
        """See Aim."""
        return restore_head(tuned, task, folder, facts)
