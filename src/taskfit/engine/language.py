"""What methods share that train a model to continue text: on which weights, the run, the new model or what it gained."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import field_validator

from taskfit.core.catalog import Catalog
from taskfit.core.errors import UsageError
from taskfit.core.example import Example, Practice
from taskfit.core.files import read_json, write_json
from taskfit.core.meter import Meter
from taskfit.core.method import Changes, Desk, Method
from taskfit.core.model import Ability, Model, ModelCard
from taskfit.core.prediction import Prediction, Predictor, Story
from taskfit.core.settings import Refused, setting
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text
from taskfit.engine.trained import FACTS, LONGER, Trained, TunedPredictor, restore_tuned
from taskfit.engine.training import Schedule, Training
from taskfit.engine.truncate import TooLong

if TYPE_CHECKING:
    from taskfit.engine.aims.aim import Aim
    from taskfit.engine.reading import Length

# The folder is asked by name, as everywhere; no file of a layer above is imported by its name.
METHODS = Catalog("taskfit.methods", "method")
MODEL = "model"


class LanguageTraining(Training, Method):
    """A method that trains a model to continue text, by whichever weights."""

    needs: ClassVar[frozenset[Ability]] = frozenset({"train", "generate"})
    kinds: ClassVar[frozenset[Kind]] = frozenset({"generate"})
    changes: ClassVar[Changes] = "all weights"
    random: ClassVar[bool] = True
    by_default: ClassVar[bool] = False

    weights: str | Mapping[str, Mapping[str, Any]] = setting(
        "full",
        "weights to train: a method's name (full, lora, last_layers ...), or its name with its settings",
        "训练哪些权重：方法名（full、lora、last_layers 等），或方法名及其设置",
    )
    lr: float | None = setting(
        None, "learning rate; left out: the usual one of the weights", "学习率；不填则用该类权重的常用值", gt=0, le=10
    )
    epochs: float | None = setting(1.0, "passes over the rows", "训练轮数", gt=0, le=10_000)
    schedule: Schedule = setting("cosine", "how the learning rate goes after the warm-up", "预热之后学习率如何变化")
    warmup: float = setting(
        0.02,
        "steps in which the rate rises: below 1 a share of all steps, from 1 on their number",
        "学习率上升的步数：小于 1 为占全部步数的比例，1 及以上为步数",
        ge=0,
        le=1_000_000_000,
    )
    weight_decay: float = setting(0.05, "weight decay of matrices", "权重衰减（仅矩阵）", ge=0, le=1)
    looks: float = setting(
        10.0, "times per epoch to measure the loss on dev", "每轮在 dev 上测量损失的次数", gt=0, le=10_000
    )
    max_length: int | None = setting(
        None,
        "most tokens of a row; left out: what the model reads",
        "每行的最大 token 数；不填则为模型可读的长度",
        ge=2,
        le=10_000_000,
    )
    too_long: TooLong = setting("refuse", LONGER.en, LONGER.zh)

    @field_validator("weights")
    @classmethod
    def _is_a_change(cls, value: str | Mapping[str, Mapping[str, Any]]) -> str | Mapping[str, Mapping[str, Any]]:
        change_of(value)
        return value

    @abstractmethod
    def aim(self) -> "Aim":
        """Return what is learned from the rows."""

    def length(self) -> "Length":
        """Return how long rows may be."""
        from taskfit.engine.reading import Length

        return Length(self.max_length, self.too_long)

    def usual_lr(self, card: ModelCard) -> float:
        """Return the learning rate when none is set."""
        return change_of(self.weights).lr_centre(card)

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Method."""
        own = super().impossible(card, task) or self.aim().impossible(card, task)
        return own or change_of(self.weights).impossible(card, task)

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Method."""
        from taskfit.engine.machine import fast_matmul
        from taskfit.engine.tune import Recipe, tune
        from taskfit.model.local import LocalModel

        change, aim = change_of(self.weights), self.aim()
        lr = self.lr if self.lr is not None else self.usual_lr(model.card)
        with fast_matmul():
            tuned = tune(cast(LocalModel, model), task, practice, desk, Recipe(change, aim, self, lr))
        if type(change).changes == "all weights":
            return WholeModel(tuned.model, tuned.predictor, tuned.story, self.precision)
        return TunedPredictor(tuned, change, aim, self.precision)

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        """See Method."""
        if not (folder / MODEL).is_dir():
            return restore_tuned(change_of(self.weights), model, task, folder)
        from taskfit.engine.prompted import PromptPredictor
        from taskfit.model.open import open_local

        precision = read_json(folder / FACTS)["precision"] if (folder / FACTS).is_file() else "float32"
        whole = open_local(str(folder / MODEL), dtype=precision)
        return WholeModel(whole, PromptPredictor(whole, task), Story(), precision)


class AnswerTraining(LanguageTraining):
    """A method that trains on a task's questions and answers: few rows, read several times, as in `Trained`.

    The defaults of LanguageTraining are those of much text, which is read once; with a few hundred rows they would end
    after a few steps.
    """

    epochs: float | None = setting(
        None,
        "passes over the rows; left out: 3, more for few rows (about 100 steps)",
        "训练轮数；不填则为 3，数据少时更多（约 100 步）",
        gt=0,
        le=10_000,
    )
    schedule: Schedule = setting("linear", "how the learning rate goes after the warm-up", "预热之后学习率如何变化")
    warmup: float = setting(
        0.1,
        "steps in which the rate rises: below 1 a share of all steps, from 1 on their number",
        "学习率上升的步数：小于 1 为占全部步数的比例，1 及以上为步数",
        ge=0,
        le=1_000_000_000,
    )
    weight_decay: float = setting(0.01, "weight decay of matrices", "权重衰减（仅矩阵）", ge=0, le=1)
    looks: float = setting(1.0, "times per epoch to measure on dev", "每轮在 dev 上评估的次数", gt=0, le=10_000)


@dataclass(frozen=True)
class WholeModel:
    """A predictor whose weights are all new: it is saved as a model folder that transformers can load."""

    model: Any
    inner: Predictor
    story: Story
    precision: str = "float32"

    def predict(self, examples: Sequence[Example], meter: Meter) -> list[Prediction]:
        """See Predictor."""
        return self.inner.predict(examples, meter)

    def save(self, folder: Path) -> None:
        """See Predictor."""
        from taskfit.model.fresh import write_model

        write_model(self.model, folder / MODEL)
        write_json(folder / FACTS, {"precision": self.precision})


def change_of(weights: str | Mapping[str, Mapping[str, Any]]) -> Trained:
    """Return the method that changes the weights; raise Refused for what is none or does not read its settings."""
    name, values = (weights, {}) if isinstance(weights, str) else _only(weights)
    if problem := METHODS.problem(name):
        raise Refused(problem.what, problem.todo)
    found = METHODS.entry(name)
    if not issubclass(found, Trained):
        raise Refused(
            Text(f"'{name}' changes no weights by gradient steps", f"'{name}' 不通过梯度更新权重"),
            Text("for instance: full, lora, last_layers", "例如：full、lora、last_layers"),
        )
    outer = sorted(set(values) & {*Trained.model_fields})
    if outer:
        named = ", ".join(outer)
        raise Refused(
            Text(f"{named}: not a setting of the weights", f"{named}：不是权重的设置"),
            Text("set it beside 'weights'", "请写在 'weights' 旁边"),
        )
    try:
        return found.read(values)
    except UsageError as refused:
        first = refused.findings[0]
        raise Refused(first.what, first.todo) from None


def _only(weights: Mapping[str, Mapping[str, Any]]) -> tuple[str, Mapping[str, Any]]:
    if len(weights) != 1:
        raise Refused(
            Text(f"one method was expected, not {len(weights)}", f"应恰好有一个方法，实际有 {len(weights)} 个"),
            Text("write 'lora: {r: 16}'", "请写成 'lora: {r: 16}'"),
        )
    ((name, values),) = weights.items()
    return name, values
