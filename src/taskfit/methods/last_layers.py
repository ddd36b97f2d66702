"""Train only the last layers, or layers of your choice; what lies below is computed once."""

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import PrivateAttr, field_validator, model_validator

from taskfit.core.example import Practice
from taskfit.core.method import Changes, Desk
from taskfit.core.model import Model, ModelCard
from taskfit.core.prediction import Predictor
from taskfit.core.settings import Refused, setting
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.trained import Trained


class LastLayers(Trained):
    """Partial fine-tuning of the uppermost layers and the final norm, or of whatever weights are named."""

    about: ClassVar[Text] = Text(
        "Only the last layers (or chosen ones) are trained; the frozen layers below run once over the rows, "
        "not once per epoch.",
        "只训练最后几层（或指定的层）；下面的冻结层对数据只计算一次，而不是每轮一次。",
    )
    when: ClassVar[Text] = Text(
        "When a head on frozen features is not enough and training must be cheap.",
        "冻结特征上的分类头不够、而训练又要便宜时。",
    )
    rank: ClassVar[int] = 50
    changes: ClassVar[Changes] = "some weights"

    layers: int = setting(
        2,
        "how many of the last layers to train; below 0: of the first layers",
        "训练最后几层；负数表示最前面几层",
        ge=-1000,
        le=1000,
    )
    chosen: tuple[int, ...] = setting(
        (),
        "numbers of the layers to train, the lowest is 0; instead of `layers`",
        "要训练的层号，最低层为 0；代替 layers",
    )
    share: float | None = setting(
        None,
        "share of the layers to train, from the top; instead of `layers`",
        "训练的层数比例（从顶层起）；代替 layers",
        gt=0,
        le=1,
    )
    matching: str = setting(
        "",
        "regular expression found in the names of the weights to train; instead of `layers`",
        "要训练的权重名所匹配的正则表达式；代替 layers",
    )
    _lowest: int = PrivateAttr(0)

    @field_validator("layers")
    @classmethod
    def _some_layers(cls, value: int) -> int:
        if value == 0:
            raise Refused(
                Text("no layer would be trained", "不会训练任何层"), Text("see the method head", "请看方法 head")
            )
        return value

    @field_validator("chosen")
    @classmethod
    def _numbers_of_layers(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(number < 0 for number in value):
            raise Refused(Text("layers are numbered from 0", "层号从 0 开始"))
        return tuple(sorted(set(value)))

    @field_validator("matching")
    @classmethod
    def _is_an_expression(cls, value: str) -> str:
        from taskfit.engine.names import check_expression

        return check_expression(value)

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        given = {"layers": self.layers != 2, "chosen": self.chosen, "share": self.share, "matching": self.matching}
        names = ", ".join(name for name, value in given.items() if value)
        if sum(map(bool, given.values())) > 1:
            raise Refused(Text(f"these choose layers twice: {names}", f"重复指定了层：{names}"), _KEEP_ONE)
        return self

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Method."""
        if card.layers and self.chosen and self.chosen[-1] >= card.layers:
            return Text(
                f"there is no layer {self.chosen[-1]}: {card.name} has layers 0 to {card.layers - 1}",
                f"没有第 {self.chosen[-1]} 层：{card.name} 的层号为 0 到 {card.layers - 1}",
            )
        return super().impossible(card, task)

    def lr_centre(self, card: ModelCard) -> float:
        """See Trained."""
        from taskfit.engine.wrap import lr_for

        return lr_for(card, at_width_1000=1e-4)

    def numbers(self, count: int) -> tuple[int, ...]:
        """Return the numbers of the layers to train, of a model with `count` layers."""
        if self.chosen:
            return self.chosen
        if self.layers < 0:
            return tuple(range(min(count, -self.layers)))
        layers = self.layers if self.share is None else max(1, round(self.share * count))
        return tuple(range(max(0, count - layers), count))

    def frozen_below(self, card: ModelCard) -> int:
        """See Trained. With an expression it is known only while a model is adapted, and nothing is taken for frozen else."""
        return self._lowest if self.matching else self.numbers(card.layers)[0]

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Method."""
        from taskfit.engine.layers import lowest_layer

        known = self.model_copy()
        if self.matching:
            known._lowest = lowest_layer(model, self._names(model))  # type: ignore[arg-type]  # a local one: see `needs`
        return Trained.adapt(known, model, task, practice, desk)

    def prepare(self, model: Any, seed: int) -> Any:  # noqa: ARG002
        """See Trained."""
        return model.fork(self._names(model))

    def save_weights(self, model: Any, folder: Path) -> None:
        """See Trained."""
        from taskfit.engine.wrap import save_trained

        save_trained(model, folder, self._names(model))

    def load_weights(self, model: Any, folder: Path) -> Any:
        """See Trained."""
        from taskfit.engine.wrap import load_trained

        return load_trained(model, folder)

    def _names(self, model: Any) -> list[str]:
        from taskfit.engine.layers import weights_matching, weights_of_layers

        if self.matching:
            return weights_matching(model, self.matching)
        return weights_of_layers(model, self.numbers(model.card.layers))


_KEEP_ONE = Text("keep one of them", "请只保留一个")
