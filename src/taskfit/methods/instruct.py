"""Train on conversations: what the assistant says is learned, everything else only read."""

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from taskfit.core.settings import Refused, setting
from taskfit.core.task import Kind
from taskfit.core.text import Text
from taskfit.engine.language import AnswerTraining

if TYPE_CHECKING:
    from taskfit.engine.aims.talk import Talk


class Instruct(AnswerTraining):
    """Instruction tuning."""

    about: ClassVar[Text] = Text(
        "Trains on conversations, all weights or those of another method; only the assistant's turns are learned.",
        "在对话上训练，可训练全部权重或其他方法的权重；只学习助手的回答。",
    )
    when: ClassVar[Text] = Text(
        "When a model that continues text shall follow instructions, learn from examples in its prompt and answer.",
        "让只会续写的模型学会听从指令、从提示中的示例学习并作答时使用。",
    )
    rank: ClassVar[int] = 210
    kinds: ClassVar[frozenset[Kind]] = frozenset({"choose", "answer", "generate", "extract"})

    learn: Literal["answers", "all"] = setting(
        "answers",
        "answers: only what the assistant says is learned; all: every token of the conversation",
        "answers：只学习助手所说的内容；all：学习对话的每个 token",
    )
    last_answers: int | None = setting(
        None,
        "learn only so many answers of a conversation, from its end; default: all",
        "每段对话只学习最后若干个回答；默认全部学习",
        ge=1,
    )
    learn_end: bool = setting(True, "learn the token that ends an answer, too", "也学习结束回答的 token")

    thinking: Literal["learn", "read", "drop"] = setting(
        "learn",
        "what the model thinks before it answers: learn it, only read it, or drop it from the rows",
        "模型作答前的思考：learn 学习、read 只读、drop 从数据中去除",
    )

    @model_validator(mode="after")
    def _parts_of_answers(self) -> Self:
        if self.learn == "all" and (self.last_answers is not None or not self.learn_end):
            raise Refused(
                Text("with learn: all, no part of an answer is left out", "learn: all 时不会略去回答的任何部分"),
                Text("leave out 'last_answers' and 'learn_end'", "请去掉 'last_answers' 与 'learn_end'"),
            )
        return self

    def aim(self) -> "Talk":
        """See LanguageTraining."""
        from taskfit.engine.aims.talk import Talk
        from taskfit.engine.talk import TalkRule

        return Talk(TalkRule(self.learn, self.last_answers, self.learn_end, self.thinking), self.length())
