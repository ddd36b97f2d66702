"""Train all weights on conversations: what the assistant says is learned, everything else only read."""

from typing import Any, ClassVar

from taskfit.core.example import Example, Message
from taskfit.core.text import Text
from taskfit.engine.language import LanguageTraining, talk_row


class Instruct(LanguageTraining):
    """Instruction tuning."""

    about: ClassVar[Text] = Text(
        "Trains all weights on conversations; only the assistant's turns are learned.",
        "在对话上训练全部权重，只学习助手的回答。",
    )
    when: ClassVar[Text] = Text(
        "When a model that continues text shall follow instructions, learn from examples in its prompt and answer.",
        "让只会续写的模型学会听从指令、从提示中的示例学习并作答时使用。",
    )
    rank: ClassVar[int] = 210

    def row(self, model: Any, example: Example) -> Any:
        """See LanguageTraining: the whole conversation, with the target as the last answer where there is one."""
        last = () if example.target is None else (Message("assistant", example.target),)
        return talk_row(model, (*example.messages, *last))
