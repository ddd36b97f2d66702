"""What prompt tuning, P-tuning and prefix tuning share: the settings of trained tokens, how they are saved and loaded."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from taskfit.core.method import Changes
from taskfit.core.model import ModelCard
from taskfit.core.settings import setting
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.trained import Trained


class SoftPrompt(Trained):
    """Trained tokens before every sequence; the network does not change."""

    changes: ClassVar[Changes] = "added weights"
    by_default: ClassVar[bool] = False
    centre: ClassVar[float]

    tokens: int = setting(20, "trained tokens in front of every row", "每行之前训练的 token 数", ge=1, le=4096)

    @abstractmethod
    def shape(self) -> Any:
        """Return the SoftShape of the trained tokens."""

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Method."""
        if card.context and self.tokens >= card.context:
            return Text(
                f"{self.tokens} trained tokens leave no room in the {card.context} that {card.name} reads",
                f"{card.name} 只能读 {card.context} 个 token，放不下 {self.tokens} 个训练的 token",
            )
        return super().impossible(card, task)

    def lr_centre(self, card: ModelCard) -> float:  # noqa: ARG002
        """See Trained: trained tokens are inputs, whose best rate does not fall with the width."""
        return self.centre

    def prepare(self, model: Any, seed: int) -> Any:
        """See Trained."""
        from taskfit.engine.soft import add_soft

        return add_soft(model, self.shape(), seed)

    def save_weights(self, model: Any, folder: Path) -> None:
        """See Trained."""
        from taskfit.engine.wrap import save_adapter

        save_adapter(model, folder)

    def load_weights(self, model: Any, folder: Path) -> Any:
        """See Trained."""
        from taskfit.engine.wrap import load_adapter

        return load_adapter(model, folder)
