"""A linear head on every word of a text, which names entities; the model is frozen and runs once."""

from pathlib import Path
from typing import ClassVar, cast

from taskfit.core.example import Practice
from taskfit.core.method import Changes, Desk, Method
from taskfit.core.model import Ability, Model
from taskfit.core.prediction import Predictor
from taskfit.core.settings import setting
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text


class Tag(Method):
    """Multinomial logistic regression over BIO tags on the states of words; only valid rows of tags are answered."""

    about: ClassVar[Text] = Text(
        "A linear head on every word of the frozen model names entities; the model runs once over the rows.",
        "在冻结模型的每个词上用线性头标注实体；模型对数据只运行一次。",
    )
    when: ClassVar[Text] = Text(
        "Entities in text: nearly free, first of all; full, lora and last_layers tag with the same head and learn more.",
        "识别文本中的实体时先用它，几乎免费；full、lora、last_layers 用同样的标注头，能学到更多。",
    )
    rank: ClassVar[int] = 42
    changes: ClassVar[Changes] = "added weights"
    needs: ClassVar[frozenset[Ability]] = frozenset({"embed"})
    kinds: ClassVar[frozenset[Kind]] = frozenset({"tag"})
    by_default: ClassVar[bool] = False

    decay: float | None = setting(
        None,
        "L2 penalty; left out: chosen on dev from a log grid",
        "L2 惩罚；不填则在 dev 上从对数网格中选择",
        gt=0,
        le=100,
    )

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Method."""
        from taskfit.engine.tag_probe import tag_probe
        from taskfit.model.local import LocalModel

        return tag_probe(cast(LocalModel, model), task, practice, desk, decay=self.decay)

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        """See Method."""
        from taskfit.engine.headed import load_head
        from taskfit.engine.tagged import TagPredictor
        from taskfit.engine.tagging import TagClasses
        from taskfit.model.local import LocalModel

        local = cast(LocalModel, model)
        return TagPredictor(local, task, load_head(folder, local.card.width, TagClasses(task.label_names).count))
