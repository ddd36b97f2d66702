"""Show a fixed set of examples before every question; the best of several sets on dev."""

from pathlib import Path
from typing import ClassVar

from taskfit.core.example import Practice
from taskfit.core.method import Desk, Method
from taskfit.core.model import Model, ModelCard
from taskfit.core.prediction import Predictor
from taskfit.core.settings import setting
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text


class FewShot(Method):
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
    kinds: ClassVar[frozenset[Kind]] = frozenset({"classify", "choose", "answer", "generate", "extract"})

    shots: int = setting(8, "examples shown", "展示的示例数", ge=1, le=512)
    calibrate: bool = setting(
        True,
        "choose a calibration of the label scores on dev (none, batch, length)",
        "在 dev 上选择标签分数的校准方式（不校准、批校准、按长度）",
    )

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Method."""
        if card.architecture == "encoder" and not task.labels:
            return Text("an encoder cannot write an answer", "编码器不能生成答案")
        return super().impossible(card, task)

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Method."""
        from taskfit.engine import asking, nearest

        if model.card.architecture == "encoder":
            return nearest.by_prototypes(model, task, practice, desk, shots=self.shots)
        offers = asking.fixed_sets(model, task, practice, shots=self.shots, sets=desk.trials, seed=desk.seed)
        return asking.prompted(model, task, practice, desk, offers, calibrate=self.calibrate)

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        """See Method."""
        from taskfit.engine import asking, nearest

        if model.card.architecture == "encoder":
            return nearest.restore(model, task, folder)
        return asking.restore(model, task, folder)
