"""Train only the last layers; what lies below is computed once."""

from pathlib import Path
from typing import Any, ClassVar

from taskfit.core.method import Changes
from taskfit.core.model import ModelCard
from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.engine.trained import Trained


class LastLayers(Trained):
    """Partial fine-tuning of the uppermost layers and the final norm."""

    about: ClassVar[Text] = Text(
        "Only the last layers are trained; the frozen layers below run once over the rows, not once per epoch.",
        "只训练最后几层；下面的冻结层对数据只计算一次，而不是每轮一次。",
    )
    when: ClassVar[Text] = Text(
        "When a head on frozen features is not enough and training must be cheap.",
        "冻结特征上的分类头不够、而训练又要便宜时。",
    )
    rank: ClassVar[int] = 50
    changes: ClassVar[Changes] = "some weights"

    layers: int = setting(2, "how many of the last layers to train", "训练最后几层", ge=1, le=1000)

    def lr_centre(self, card: ModelCard) -> float:
        """See Trained."""
        from taskfit.engine.wrap import lr_for

        return lr_for(card, at_width_1000=1e-4)

    def frozen_below(self, card: ModelCard) -> int:
        """See Trained."""
        return max(0, card.layers - self.layers)

    def prepare(self, model: Any, seed: int) -> Any:  # noqa: ARG002
        """See Trained."""
        from taskfit.engine.wrap import layer_weights

        return model.fork(layer_weights(model, self.frozen_below(model.card)))

    def save_weights(self, model: Any, folder: Path) -> None:
        """See Trained."""
        from taskfit.engine.wrap import layer_weights, save_trained

        save_trained(model, folder, layer_weights(model, self.frozen_below(model.card)))

    def load_weights(self, model: Any, folder: Path) -> Any:
        """See Trained."""
        from taskfit.engine.wrap import load_trained

        return load_trained(model, folder)
