"""Show the examples most like the question, found anew for each question."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from taskfit.core.example import Practice
from taskfit.core.method import Desk
from taskfit.core.model import Model, ModelCard
from taskfit.core.prediction import Predictor
from taskfit.core.settings import setting
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.asked import Asked


class KnnShot(Asked):
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

    shots: int = setting(8, "examples shown", "展示的示例数", ge=1, le=512)
    retriever: Literal["auto", "bm25", "dense", "rrf"] = setting(
        "auto",
        "how to find examples: bm25, dense, rrf (both fused); auto: the best on dev",
        "检索方式：bm25、dense、rrf（融合）；auto：按 dev 选最好的",
    )

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Method."""
        if self.retriever in ("dense", "rrf") and "embed" not in card.abilities:
            return Text(
                f"{card.name} gives no vectors; use retriever: bm25", f"{card.name} 不提供向量，请用 retriever: bm25"
            )
        return super().impossible(card, task)

    def offers(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Sequence[Any]:
        """See Asked."""
        from taskfit.engine import asking

        return asking.retrieved(model, task, practice, desk, shots=self.shots, retriever=self.retriever)

    def by_nearness(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Asked."""
        from taskfit.engine import nearest

        return nearest.by_neighbours(model, task, practice, desk, neighbours=self.shots)
