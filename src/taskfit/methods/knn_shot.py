"""Show the examples most like the question, found anew for each question."""

from pathlib import Path
from typing import ClassVar, Literal

from taskfit.core.example import Practice
from taskfit.core.method import Desk, Method
from taskfit.core.model import Model, ModelCard
from taskfit.core.prediction import Predictor
from taskfit.core.settings import setting
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text


class KnnShot(Method):
    """In-context learning with retrieved examples; on encoders, a vote of the nearest neighbours."""

    about: ClassVar[Text] = Text(
        "The examples most like each question are retrieved (BM25, dense, or both fused) and shown, nearest last.",
        "为每个问题检索最相似的示例（BM25、向量或二者融合）并展示，最相似的放最后。",
    )
    when: ClassVar[Text] = Text(
        "When a few hundred rows exist and weights should not change; every prompt is longer and costs more.",
        "有几百条数据且不想改动权重时；每个提示更长、更贵。",
    )
    rank: ClassVar[int] = 30
    kinds: ClassVar[frozenset[Kind]] = frozenset({"classify", "choose", "answer", "generate", "extract"})

    shots: int = setting(8, "examples shown", "展示的示例数", ge=1, le=512)
    retriever: Literal["auto", "bm25", "dense", "rrf"] = setting(
        "auto",
        "how to find examples: bm25, dense, rrf (both fused); auto: the best on dev",
        "检索方式：bm25、dense、rrf（融合）；auto：按 dev 选最好的",
    )
    calibrate: bool = setting(
        True,
        "choose a calibration of the label scores on dev (none, batch, length)",
        "在 dev 上选择标签分数的校准方式（不校准、批校准、按长度）",
    )

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Method."""
        if card.architecture == "encoder" and not task.labels:
            return Text("an encoder cannot write an answer", "编码器不能生成答案")
        if self.retriever in ("dense", "rrf") and "embed" not in card.abilities:
            return Text(
                f"{card.name} gives no vectors; use retriever: bm25", f"{card.name} 不提供向量，请用 retriever: bm25"
            )
        return super().impossible(card, task)

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Method."""
        from taskfit.engine import asking, nearest

        if model.card.architecture == "encoder":
            return nearest.by_neighbours(model, task, practice, desk, neighbours=self.shots)
        offers = asking.retrieved(model, task, practice, desk, shots=self.shots, retriever=self.retriever)
        return asking.prompted(model, task, practice, desk, offers, calibrate=self.calibrate)

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        """See Method."""
        from taskfit.engine import asking, nearest

        if model.card.architecture == "encoder":
            return nearest.restore(model, task, folder)
        return asking.restore(model, task, folder)
