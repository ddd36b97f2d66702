"""Ask the model as it is: the instruction and the question, nothing else."""

from collections.abc import Sequence
from typing import Any, ClassVar

from taskfit.core.example import Practice
from taskfit.core.method import Desk
from taskfit.core.model import Model
from taskfit.core.prediction import Predictor
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.asked import Asked


class ZeroShot(Asked):
    """The prompt alone; on encoders, the label whose word is nearest to the text."""

    about: ClassVar[Text] = Text(
        "The instruction and the question, no examples, no training.", "只给指令和问题，不给示例，不训练。"
    )
    when: ClassVar[Text] = Text(
        "Always first: it costs nothing and shows what the model already knows.",
        "永远先做：不花成本，能看出模型已经会什么。",
    )
    rank: ClassVar[int] = 10

    def offers(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Sequence[Any]:  # noqa: ARG002
        """See Asked."""
        from taskfit.engine import asking

        return [asking.Offer({})]

    def by_nearness(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:  # noqa: ARG002
        """See Asked."""
        from taskfit.engine import nearest

        return nearest.by_label_words(model, task, desk)
