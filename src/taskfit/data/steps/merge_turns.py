"""Bring turns of conversations in order: one system message at the start, question and answer in turn."""

from dataclasses import replace
from typing import ClassVar

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import RowStep


class MergeTurns(RowStep):
    """Join turns of one side, put system messages first, drop answers before the first question and a last question."""

    about: ClassVar[Text] = Text("bring the turns of conversations in order", "整理对话轮次")
    reason: ClassVar[Text] = Text("turns out of order", "对话轮次不合规")

    def mend(self, record: Record, means: Means) -> Record | Text:  # noqa: ARG002
        """Return the conversation in order."""
        if record.kind not in ("talk", "prompt", "pair", "rated"):
            return record
        system = [one for one in record.messages if one.role == "system"]
        rest = [one for one in record.messages if one.role != "system"]
        while rest and rest[0].role == "assistant":
            rest.pop(0)
        if record.kind == "talk":
            while rest and rest[-1].role == "user":
                rest.pop()
        joined = _joined(_joined_system(system) + rest)
        if not any(one.role == "user" for one in joined):
            return Text("no question is left", "没有剩余的提问")
        if record.kind == "talk" and not any(one.role == "assistant" for one in joined):
            return Text("no answer is left", "没有剩余的回答")
        return record if joined == record.messages else replace(record, messages=joined)


def _joined_system(system: list[Message]) -> list[Message]:
    return [replace(system[0], content="\n".join(one.content for one in system))] if system else []


def _joined(messages: list[Message]) -> tuple[Message, ...]:
    joined: list[Message] = []
    for message in messages:
        last = joined[-1] if joined else None
        same = last is not None and last.role == message.role and message.role in ("user", "assistant")
        if last is not None and same and last.weight == message.weight and not last.calls and not message.calls:
            thinking = "\n".join(part for part in (last.thinking, message.thinking) if part)
            joined[-1] = replace(last, content=f"{last.content}\n{message.content}", thinking=thinking)
        else:
            joined.append(message)
    return tuple(joined)
