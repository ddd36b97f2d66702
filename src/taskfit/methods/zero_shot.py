"""Ask the model as it is: the instruction and the question, nothing else."""

from pathlib import Path
from typing import ClassVar

from taskfit.core.example import Practice
from taskfit.core.method import Desk, Method
from taskfit.core.model import Model, ModelCard
from taskfit.core.prediction import Predictor
from taskfit.core.settings import setting
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text


class ZeroShot(Method):
    """The prompt alone; on encoders, the label whose word is nearest to the text."""

    about: ClassVar[Text] = Text(
        "The instruction and the question, no examples, no training.", "只给指令和问题，不给示例，不训练。"
    )
    when: ClassVar[Text] = Text(
        "Always first: it costs nothing and shows what the model already knows.",
        "永远先做：不花成本，能看出模型已经会什么。",
    )
    rank: ClassVar[int] = 10
    kinds: ClassVar[frozenset[Kind]] = frozenset({"classify", "choose", "answer", "generate", "extract"})

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
            return nearest.by_label_words(model, task, desk)
        return asking.prompted(model, task, practice, desk, [asking.Offer({})], calibrate=self.calibrate)

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        """See Method."""
        from taskfit.engine import asking, nearest

        if model.card.architecture == "encoder":
            return nearest.restore(model, task, folder)
        return asking.restore(model, task, folder)
