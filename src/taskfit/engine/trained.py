"""The settings and steps that all weight-changing methods share; each method adds which weights it trains."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from taskfit.core.errors import NotPossible
from taskfit.core.example import Example, Practice
from taskfit.core.files import read_json, write_json
from taskfit.core.meter import Meter
from taskfit.core.method import Desk, Method
from taskfit.core.model import Ability, Model, ModelCard
from taskfit.core.prediction import Prediction, Predictor, Story
from taskfit.core.settings import setting
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text
from taskfit.engine.training import Training
from taskfit.engine.truncate import TooLong

if TYPE_CHECKING:
    from taskfit.engine.aims.aim import Aim, Asked
    from taskfit.engine.change import Change
    from taskfit.engine.tune import Tuned

FACTS = "tuned.json"
LONGER = Text(
    "longer rows: refuse: stop before training; drop: leave them out; cut_prompt: cut the beginning of the prompt; "
    "split: cut into pieces",
    "更长的行：refuse：训练前停止；drop：去除；cut_prompt：截去提示开头；split：切成多段",
)


class Trained(Training, Method):
    """A method that trains weights by gradient steps: a Change, whatever the aim is."""

    needs: ClassVar[frozenset[Ability]] = frozenset({"train"})
    kinds: ClassVar[frozenset[Kind]] = frozenset(
        {"classify", "multilabel", "regress", "tag", "choose", "answer", "generate", "extract"}
    )
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
        le=10_000,
    )
    patience: int | None = setting(
        2,
        "looks at dev without a better score before stopping; null: never",
        "dev 分数连续多少次评估没有提高就停止；null 表示从不",
        ge=1,
        le=1_000_000,
    )
    answer_by: Literal["auto", "words", "head"] = setting(
        "auto",
        "words: say the answer; head: a classification head; auto: words for causal models, head for encoders",
        "words：说出答案；head：分类头；auto：因果模型用 words，编码器用 head",
    )
    pooling: Literal["auto", "mean", "last", "first"] = setting(
        "auto",
        "vector a head reads: mean, last or first token; auto: mean for encoders, last for causal models",
        "分类头读取的向量：mean、last 或 first；auto：编码器用 mean，因果模型用 last",
    )
    max_length: int | None = setting(
        None,
        "most tokens of a row of open answers or conversations; left out: what the model reads",
        "开放回答或对话每行的最大 token 数；不填则为模型可读的长度",
        ge=2,
        le=10_000_000,
    )
    too_long: TooLong = setting("refuse", LONGER.en, LONGER.zh)

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

    def begin(self, learner: Any) -> None:
        """Let fresh weights start from what the rows make of the model; called once, before training."""
        del learner

    def lr_factors(self, model: Any) -> Mapping[str, float]:
        """Return the multiple of the learning rate for each weight of a prepared model that has one of its own."""
        del model
        return {}

    def frozen_below(self, card: ModelCard) -> int:
        """Return the number of lowest layers that are never changed; their output is computed once."""
        del card
        return 0

    def aim(self, card: ModelCard, task: Task) -> "Aim":
        """Return what is learned from the rows; raise NotPossible where nothing can be."""
        from taskfit.engine.aims.aim import aim_for

        return aim_for(self._asked(), card, task)

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Method."""
        reason = super().impossible(card, task)
        if reason is None:
            try:
                self.aim(card, task)
            except NotPossible as problem:
                reason = problem.findings[0].what
        return reason

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Method."""
        from taskfit.engine.tune import Recipe, tune
        from taskfit.model.local import LocalModel

        aim = self.aim(model.card, task)
        tuned = tune(cast(LocalModel, model), task, practice, desk, Recipe(self, aim, self, self.lr))
        return TunedPredictor(tuned, self, aim, self.precision)

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        """See Method."""
        return restore_tuned(self, model, task, folder)

    def _asked(self) -> "Asked":
        from taskfit.engine.aims.aim import Asked

        return Asked(self.answer_by, self.pooling, self.max_length, self.too_long)


@dataclass(frozen=True)
class TunedPredictor:
    """A tuned predictor that also knows how its weights, and what its aim added, are written."""

    tuned: "Tuned"
    change: "Change"
    aim: "Aim"
    precision: str = "float32"

    @property
    def story(self) -> Story:
        """See Predictor."""
        return self.tuned.story

    def predict(self, examples: Sequence[Example], meter: Meter) -> list[Prediction]:
        """See Predictor."""
        return self.tuned.predictor.predict(examples, meter)

    def save(self, folder: Path) -> None:
        """See Predictor."""
        from taskfit.engine.aims.aim import name_of

        folder.mkdir(parents=True, exist_ok=True)
        facts = self.aim.save(self.tuned.predictor, folder)
        self.change.save_weights(self.tuned.model, folder)
        write_json(folder / FACTS, {"answers_by": name_of(self.aim), "precision": self.precision, **facts})


def restore_tuned(change: "Change", model: Model, task: Task, folder: Path) -> TunedPredictor:
    """Return the predictor that `TunedPredictor.save` wrote."""
    from taskfit.engine.aims.aim import Asked, aim_named
    from taskfit.engine.tune import Tuned, in_precision
    from taskfit.model.local import LocalModel

    facts = read_json(folder / FACTS)
    precision = facts.get("precision", "float32")
    model = change.load_weights(in_precision(cast(LocalModel, model), precision), folder)
    aim = aim_named(facts["answers_by"])
    predictor = aim.restore(model, task, folder, facts)
    return TunedPredictor(Tuned(model, predictor, Story()), change, aim.of(Asked()), precision)
