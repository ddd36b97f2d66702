"""The settings and steps that all prompting methods share; each method adds what it shows before a question."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from taskfit.core.example import Practice
from taskfit.core.method import Desk, Method
from taskfit.core.model import Model, ModelCard
from taskfit.core.prediction import Predictor
from taskfit.core.settings import setting
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text


class Asked(Method):
    """A method that changes no weights: the model is asked, with or without examples before the question."""

    kinds: ClassVar[frozenset[Kind]] = frozenset({"classify", "regress", "choose", "answer", "generate", "extract"})

    calibrate: bool = setting(
        True,
        "choose a calibration of the label scores on dev (none, batch, length)",
        "在 dev 上选择标签分数的校准方式（不校准、批校准、按长度）",
    )

    @abstractmethod
    def offers(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Sequence[Any]:
        """Return the ways to prompt (`engine.asking.Offer`); the best on dev is taken."""

    @abstractmethod
    def by_nearness(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """Return what the method becomes for an encoder, which cannot say a word."""

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Method."""
        if card.architecture == "encoder" and not task.labels:
            return Text("an encoder cannot write an answer", "编码器不能生成答案")
        return super().impossible(card, task)

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Method."""
        if model.card.architecture == "encoder":
            return self.by_nearness(model, task, practice, desk)
        from taskfit.engine import asking

        offers = self.offers(model, task, practice, desk)
        return asking.prompted(model, task, practice, desk, offers, calibrate=self.calibrate)

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        """See Method."""
        from taskfit.engine import asking, nearest

        if model.card.architecture == "encoder":
            return nearest.restore(model, task, folder)
        return asking.restore(model, task, folder)
