"""A conversation, and what is said next."""

import re
from collections.abc import Sequence
from typing import Literal

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.templates.task import Slots, needed
from taskfit.data.templates.words import Words
from taskfit.data.wrong import Wrong

ABOUT = Text("answer in a conversation", "对话")
SLOTS = frozenset(("transcript", "history", "question", "answer"))
SHAPE = "openai"

USER, ASSISTANT = Text("User: ", "用户："), Text("Assistant: ", "助手：")


def slots(record: Record, words: Words) -> dict[str, str]:
    """Return the parts of a row: all turns before the answer, also apart as those before the last question, and it."""
    turns = record.messages
    if [one.role for one in turns] != ["user", "assistant"] * (len(turns) // 2) or not turns:
        raise Wrong(
            Text("questions and answers do not alternate up to an answer", "提问与回答没有交替，或没有以回答结尾")
        )
    if record.kind != "talk" or record.tools or not all(one.is_plain for one in turns):
        raise Wrong(
            Text("it is more than plain words (thoughts, tools, weights)", "不只是纯文字（含思考、工具或权重）")
        )
    return {
        "transcript": _written(turns[:-1], words),
        "history": _written(turns[:-2], words),
        "question": turns[-2].content,
        "answer": turns[-1].content,
    }


def record(slots: Slots, words: Words) -> Record:
    """Return the row that the parts were made of."""
    if "transcript" in slots:
        turns = _read(slots["transcript"], words)
    else:
        turns = [*_read(needed(slots, "history"), words), Message("user", needed(slots, "question"))]
    return row(messages=(*turns, Message("assistant", needed(slots, "answer"))))


def _written(turns: Sequence[Message], words: Words) -> str:
    names = {"user": USER.in_language(words.language), "assistant": ASSISTANT.in_language(words.language)}
    return "\n".join(f"{names[one.role]}{one.content}" for one in turns)


def _read(text: str, words: Words) -> list[Message]:
    user, assistant = (one.in_language(words.language) for one in (USER, ASSISTANT))
    before, *pieces = re.split(f"(?:^|\n)({re.escape(user)}|{re.escape(assistant)})", f"\n{text}" if text else "")
    if before:
        raise Wrong(Text("it does not begin with a speaker", "没有以说话人开头"))
    roles: list[Literal["user", "assistant"]] = ["user" if one == user else "assistant" for one in pieces[::2]]
    return [Message(role, content) for role, content in zip(roles, pieces[1::2], strict=True)]
