"""The settings and steps that all weight-changing methods share; each method adds which weights it trains."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

from taskfit.core.example import Practice
from taskfit.core.files import read_json, write_json
from taskfit.core.method import Desk, Method
from taskfit.core.model import Ability, Model, ModelCard
from taskfit.core.prediction import Predictor, Story
from taskfit.core.settings import setting
from taskfit.core.task import Task
from taskfit.core.text import Text


class Trained(Method):
    """A method that trains weights by gradient steps."""

    needs: ClassVar[frozenset[Ability]] = frozenset({"train"})
    random: ClassVar[bool] = True

    lr: float | None = setting(
        None,
        "learning rate; left out: chosen on dev from at least three",
        "学习率；不填则在 dev 上从至少三个中选择",
        gt=0,
        le=10,
    )
    epochs: float | None = setting(
        None,
        "passes over the rows; left out: 3, more for few rows (about 100 steps)",
        "训练轮数；不填则为 3，数据少时更多（约 100 步）",
        gt=0,
        le=1000,
    )
    batch: int = setting(16, "examples per optimizer step", "每个优化步的样本数", ge=1, le=4096)
    patience: int = setting(
        2, "epochs without a better dev score before stopping", "dev 分数连续多少轮没有提高就停止", ge=1, le=1000
    )
    weight_decay: float = setting(0.01, "weight decay of matrices", "权重衰减（仅矩阵）", ge=0, le=1)
    answer_by: Literal["auto", "words", "head"] = setting(
        "auto",
        "words: say the label; head: a classification head; auto: words for causal models, head for encoders",
        "words：说出标签；head：分类头；auto：因果模型用 words，编码器用 head",
    )
    pooling: Literal["auto", "mean", "last", "first"] = setting(
        "auto",
        "vector a head reads: mean, last or first token; auto: mean for encoders, last for causal models",
        "分类头读取的向量：mean、last 或 first；auto：编码器用 mean，因果模型用 last",
    )

    @abstractmethod
    def prepare(self, model: Any, seed: int) -> Any:
        """Return a copy of the LocalModel whose trained weights require gradients; the rest is shared."""

    @abstractmethod
    def lr_centre(self, card: ModelCard) -> float:
        """Return the learning rate to try first."""

    @abstractmethod
    def save_weights(self, model: Any, folder: Path) -> None:
        """Write the trained weights of the tuned LocalModel."""

    @abstractmethod
    def load_weights(self, model: Any, folder: Path) -> Any:
        """Return the LocalModel with the weights that `save_weights` wrote."""

    def frozen_below(self, card: ModelCard) -> int:  # noqa: ARG002
        """Return the number of lowest layers that are never changed; their output is computed once."""
        return 0

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Method."""
        if self.answer_by == "words" and card.architecture == "encoder":
            return Text("an encoder cannot say words; use answer_by: head", "编码器不能生成词语，请用 answer_by: head")
        return super().impossible(card, task)

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Method."""
        from taskfit.engine.tune import Recipe, tune
        from taskfit.model.local import LocalModel

        local = cast(LocalModel, model)
        recipe = Recipe(
            prepare=self.prepare,
            lr=self.lr,
            lr_centre=self.lr_centre(local.card),
            epochs=self.epochs,
            batch=self.batch,
            patience=self.patience,
            weight_decay=self.weight_decay,
            answer_by=self.answer_by,
            pooling=self.pooling,
            frozen_below=self.frozen_below(local.card),
        )
        return _Saved(tune(local, task, practice, desk, recipe), self)

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        """See Method."""
        from taskfit.engine.headed import HeadPredictor, load_head
        from taskfit.engine.prompted import PromptPredictor
        from taskfit.model.local import LocalModel

        facts = read_json(folder / "tuned.json")
        tuned = self.load_weights(cast(LocalModel, model), folder)
        if facts["answers_by"] == "words":
            return _Saved(PromptPredictor(tuned, task), self)
        head = load_head(folder, tuned.card.width, len(task.labels))
        return _Saved(HeadPredictor(tuned, task, head, facts["pooling"]), self)


class _Saved:
    """A tuned predictor that also knows how its weights are written."""

    def __init__(self, inner: Any, method: Trained):
        self.inner, self.method = inner, method
        self.predict = inner.predict

    @property
    def story(self) -> Story:
        story: Story = self.inner.story
        return story

    def save(self, folder: Path) -> None:
        from taskfit.engine.headed import HeadPredictor

        headed = isinstance(self.inner, HeadPredictor)
        if headed:
            self.inner.save(folder)
        self.method.save_weights(self.inner.model, folder)
        pooling = self.inner.pooling if headed else ""
        write_json(folder / "tuned.json", {"answers_by": "head" if headed else "words", "pooling": pooling})
