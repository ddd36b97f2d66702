"""Train every weight of the model."""

from pathlib import Path
from typing import Any, ClassVar

from taskfit.core.method import Changes
from taskfit.core.model import ModelCard
from taskfit.core.text import Text
from taskfit.engine.trained import Trained


class Full(Trained):
    """Full fine-tuning."""

    about: ClassVar[Text] = Text("All weights are trained.", "训练全部权重。")
    when: ClassVar[Text] = Text(
        "When the task is everything the model must do and LoRA falls short; it forgets most and costs most.",
        "当任务就是模型的全部工作且 LoRA 不够时；遗忘最多，成本最高。",
    )
    rank: ClassVar[int] = 80
    changes: ClassVar[Changes] = "all weights"

    def lr_centre(self, card: ModelCard) -> float:
        """See Trained."""
        from taskfit.engine.wrap import lr_for

        return lr_for(card, at_width_1000=4e-5)

    def prepare(self, model: Any, seed: int) -> Any:  # noqa: ARG002
        """See Trained."""
        return model.fork()

    def save_weights(self, model: Any, folder: Path) -> None:
        """See Trained."""
        from taskfit.engine.wrap import save_trained

        save_trained(model, folder, [name for name, _ in model.network.named_parameters()])

    def load_weights(self, model: Any, folder: Path) -> Any:
        """See Trained."""
        from taskfit.engine.wrap import load_trained

        return load_trained(model, folder)
