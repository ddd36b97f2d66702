"""Train on plain text: every token is learned from those before it."""

from typing import TYPE_CHECKING, ClassVar

from taskfit.core.model import ModelCard
from taskfit.core.text import Text
from taskfit.engine.language import LanguageTraining

if TYPE_CHECKING:
    from taskfit.engine.aims.text import Text as TextAim


class Pretrain(LanguageTraining):
    """Pre-training."""

    about: ClassVar[Text] = Text(
        "Trains on plain text, every token from those before it; all weights unless others are named.",
        "在纯文本上训练，由前文预测每个 token；默认训练全部权重。",
    )
    when: ClassVar[Text] = Text(
        "When a small model is made from nothing; a large one would need thousands of processor hours.",
        "从零制作小模型时使用；大模型则需要成千上万个处理器小时。",
    )
    rank: ClassVar[int] = 200

    def usual_lr(self, card: ModelCard) -> float:
        """See LanguageTraining: weights that know nothing yet learn faster than those to be kept."""
        return 1e-3 if self.weights == "full" else super().usual_lr(card)

    def aim(self) -> "TextAim":
        """See LanguageTraining."""
        from taskfit.engine.aims.text import Text as TextAim

        return TextAim(self.length())
