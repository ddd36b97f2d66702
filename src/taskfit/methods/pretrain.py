"""Train all weights on plain text: every token is learned from those before it."""

from typing import Any, ClassVar

from taskfit.core.example import Example
from taskfit.core.text import Text
from taskfit.engine.language import LanguageTraining, text_row


class Pretrain(LanguageTraining):
    """Pre-training."""

    about: ClassVar[Text] = Text(
        "Trains all weights on plain text, every token from those before it.",
        "在纯文本上训练全部权重，由前文预测每个 token。",
    )
    when: ClassVar[Text] = Text(
        "When a small model is made from nothing; a large one would need thousands of processor hours.",
        "从零制作小模型时使用；大模型则需要成千上万个处理器小时。",
    )
    rank: ClassVar[int] = 200

    def row(self, model: Any, example: Example) -> Any:
        """See LanguageTraining: the example's text."""
        return text_row(model, example.text)
