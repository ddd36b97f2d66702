"""A linear head (classes, several labels, numbers) on features of the frozen model, computed once."""

from pathlib import Path
from typing import ClassVar, Literal, cast

from taskfit.core.example import Practice
from taskfit.core.method import Changes, Desk, Method
from taskfit.core.model import Ability, Model
from taskfit.core.prediction import Predictor
from taskfit.core.settings import setting
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text


class Head(Method):
    """Logistic (for numbers, ridge) regression on pooled hidden states; its L2 penalty is chosen on dev."""

    about: ClassVar[Text] = Text(
        "A linear head on the frozen model's features; the model runs once over the rows.",
        "在冻结模型的特征上训练线性分类头；模型对数据只运行一次。",
    )
    when: ClassVar[Text] = Text(
        "Closed labels, several labels or numbers, and a hundred rows or more: nearly free, often enough.",
        "标签固定（单个或多个）或目标为数值，且有一百条以上数据时：几乎免费，往往就够了。",
    )
    rank: ClassVar[int] = 40
    changes: ClassVar[Changes] = "added weights"
    needs: ClassVar[frozenset[Ability]] = frozenset({"embed"})
    kinds: ClassVar[frozenset[Kind]] = frozenset({"classify", "multilabel", "regress"})

    pooling: Literal["auto", "mean", "last", "first"] = setting(
        "auto",
        "vector the head reads: mean, last or first token; auto: mean for encoders, last for causal models",
        "分类头读取的向量：mean、last 或 first；auto：编码器用 mean，因果模型用 last",
    )
    decay: float | None = setting(
        None,
        "L2 penalty; left out: chosen on dev from a log grid",
        "L2 惩罚；不填则在 dev 上从对数网格中选择",
        gt=0,
        le=100,
    )

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Method."""
        from taskfit.engine.probe import probe
        from taskfit.model.local import LocalModel

        return probe(cast(LocalModel, model), task, practice, desk, decay=self.decay, pooling=self.pooling)

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        """See Method."""
        from taskfit.engine.headed import HeadPredictor, load_head, pooling_of
        from taskfit.engine.outputs import output_count
        from taskfit.model.local import LocalModel

        local = cast(LocalModel, model)
        head = load_head(folder, local.card.width, output_count(task))
        return HeadPredictor(local, task, head, pooling_of(local, self.pooling))
