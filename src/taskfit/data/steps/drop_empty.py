"""Drop empty answers, and rows that are left without one."""

from dataclasses import replace
from typing import ClassVar

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import RowStep


class DropEmpty(RowStep):
    """Take empty answers out of conversations with the question before them; a row without any answer goes."""

    about: ClassVar[Text] = Text("drop empty answers, and rows without any", "删除空回答及没有回答的行")
    reason: ClassVar[Text] = Text("an empty answer, taken away with its question", "空回答，连同其提问一并去掉")

    def mend(self, record: Record, means: Means) -> Record | Text:  # noqa: ARG002
        """Return the row without empty answers."""
        if record.kind == "text" and not (record.text or "").strip():
            return Text("an empty text", "空文本")
        if record.kind != "talk":
            return record
        kept: list[Message] = []
        for message in record.messages:
            if message.role == "assistant" and not (message.content.strip() or message.calls):
                while kept and kept[-1].role == "user":
                    kept.pop()
            else:
                kept.append(message)
        if not any(one.role == "assistant" for one in kept):
            return Text("no answer", "没有回答")
        return record if len(kept) == len(record.messages) else replace(record, messages=tuple(kept))
