"""Inputs that only say that there is none become empty."""

from dataclasses import replace
from typing import ClassVar

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import PLACEHOLDERS
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import RowStep


class FillPlaceholders(RowStep):
    """Take away `<noinput>`, `N/A`, 无 and the like where an input should stand."""

    about: ClassVar[Text] = Text("take away inputs such as <noinput>, N/A, 无", "去掉 <noinput>、N/A、无 等占位输入")
    reason: ClassVar[Text] = Text("a placeholder instead of an input", "输入只是占位符")

    def mend(self, record: Record, means: Means) -> Record:  # noqa: ARG002
        """Return the row without placeholders."""
        return replace(
            record,
            messages=tuple(map(_without, record.messages)),
            parts={name: part for name, part in record.parts.items() if not _is_placeholder(part)},
        )


def _without(message: Message) -> Message:
    head, line_end, last = message.content.rpartition("\n")
    if message.role != "user" or not line_end or not _is_placeholder(last):
        return message
    return replace(message, content=head.rstrip())


def _is_placeholder(text: str) -> bool:
    return text.strip().casefold() in PLACEHOLDERS
