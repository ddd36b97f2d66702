"""Answers from a stronger model to the prompts of a file: what distillation by words begins with."""

from typing import ClassVar

from taskfit.core.example import Message
from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.workshop.filters import wrong_answer
from taskfit.workshop.maker import Reply, Sampling
from taskfit.workshop.recipe import Batch, Need, Recipe, Rejected, Turn, answered, question_of


class Answers(Recipe):
    """New answers to old questions."""

    about: ClassVar[Text] = Text(
        "the answers of a stronger model to the questions of your rows", "由更强的模型回答数据中的问题"
    )
    when: ClassVar[Text] = Text("there are questions, and a better model than yours", "有问题，也有更强的模型时")
    needs: ClassVar[Need] = "rows"
    prompts: ClassVar[tuple[Text, ...]] = ()

    batch: int = setting(32, "questions a round", "每轮的问题数", ge=1, le=10_000)
    system: str = setting("", "system message put before rows that have none", "为没有系统消息的数据添加的系统消息")
    temperature: float = setting(0.0, "how freely is answered", "随机程度", ge=0, le=2)
    max_tokens: int = setting(1024, "most tokens of an answer", "回答的最大 token 数", ge=1, le=100_000)

    def make(self, turn: Turn) -> Batch:
        """Answer the next questions."""
        records = turn.slice(self.batch)
        talks = [self._question(record) for record in records]
        asked = [place for place, talk in enumerate(talks) if talk]
        replies = turn.ask([talks[place] for place in asked], Sampling(self.temperature, max_tokens=self.max_tokens))
        rows: list[Record] = []
        rejected = [
            Rejected("too_short", {}, record.id) for record, talk in zip(records, talks, strict=True) if not talk
        ]
        for place, reply in zip(asked, replies, strict=True):
            made = _row(records[place], talks[place], reply)
            (rows if isinstance(made, Record) else rejected).append(made)  # type: ignore[arg-type]
        return Batch(tuple(rows), tuple(rejected), finished=turn.is_last(self.batch))

    def _question(self, record: Record) -> tuple[Message, ...]:
        talk = question_of(record)
        needs_system = self.system and talk and talk[0].role != "system"
        return (Message("system", self.system), *talk) if needs_system else talk


def _row(record: Record, talk: tuple[Message, ...], reply: Reply) -> Record | Rejected:
    reason = wrong_answer(reply)
    if reason is not None:
        return Rejected(reason, {"prompt": talk[-1].content, "answer": reply.text}, record.id)
    return answered(record, talk, reply.text, thinking=reply.thinking)
