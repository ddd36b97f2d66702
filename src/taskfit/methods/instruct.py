"""Train all weights on conversations: what the assistant says is learned, everything else only read."""

from typing import Any, ClassVar

from taskfit.core.example import Example, Message
from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.engine.language import LanguageTraining, talk_row, text_row


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

    last_answers: int | None = setting(
        None,
        "learn only so many answers of a conversation, from its end; default: all",
        "每段对话只学习最后若干个回答；默认全部学习",
        ge=1,
    )

    learn_end: bool = setting(True, "learn the token that ends an answer, too", "也学习结束回答的 token")

    def row(self, model: Any, example: Example) -> Any:
        """See LanguageTraining: the conversation, with the target as its last answer where there is one.

        A row without any answer is plain text, mixed in so that what was learned from text is not forgotten.
        """
        if example.target is None and all(message.role == "user" for message in example.messages):
            return text_row(model, example.text)
        last = () if example.target is None else (Message("assistant", example.target),)
        return talk_row(model, (*example.messages, *last), last=self.last_answers, end=self.learn_end)
