"""Show a fixed set of examples before every question; the best of several sets on dev."""

from collections.abc import Sequence
from typing import Any, ClassVar

from taskfit.core.example import Practice
from taskfit.core.method import Desk
from taskfit.core.model import Model
from taskfit.core.prediction import Predictor
from taskfit.core.settings import setting
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.asked import Asked


class FewShot(Asked):
    """In-context learning with one fixed set; on encoders, the nearest mean of the examples of each label."""

    about: ClassVar[Text] = Text(
        "A fixed set of examples stands before every question; the best of several random sets on dev.",
        "每个问题前放同一组示例；从若干随机示例组中按 dev 选最好的一组。",
    )
    when: ClassVar[Text] = Text(
        "When a handful of rows exist, or before any training: its gain hints at what training may bring.",
        "只有少量数据时，或在任何训练之前：它的提升预示训练可能带来的提升。",
    )
    rank: ClassVar[int] = 20
    random: ClassVar[bool] = True

    shots: int = setting(8, "examples shown", "展示的示例数", ge=1, le=512)

    def offers(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Sequence[Any]:
        """See Asked."""
        from taskfit.engine import asking

        return asking.fixed_sets(model, task, practice, shots=self.shots, sets=desk.trials, seed=desk.seed)

    def by_nearness(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Asked."""
        from taskfit.engine import nearest

        return nearest.by_prototypes(model, task, practice, desk, shots=self.shots)
