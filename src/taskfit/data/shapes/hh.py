"""Preference pairs as text (Anthropic-HH): chosen and rejected begin alike, with \\n\\nHuman: and \\n\\nAssistant: marks."""

import re
from collections.abc import Sequence

from taskfit.core.example import Message, Role
from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed
from taskfit.data.pairs import common_prompt, one_answer, pair_of
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.wrong import Wrong

ABOUT = Text(
    "Anthropic-HH pairs: texts with Human: and Assistant:", "Anthropic-HH 偏好对：含 Human: 与 Assistant: 的文本"
)
HOLDS = frozenset(("messages", "chosen", "rejected"))
ROW = {"chosen": "\n\nHuman: 2 + 2?\n\nAssistant: 4", "rejected": "\n\nHuman: 2 + 2?\n\nAssistant: 5"}
MARK = re.compile(r"\n\n(Human|Assistant):[ ]?")
SPEAKERS: dict[str, Role] = {"Human": "user", "Assistant": "assistant"}
NAMES = {"user": "Human", "assistant": "Assistant"}


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    both = [fields.get(name) for name in ("chosen", "rejected")]
    if "prompt" in fields or not all(isinstance(one, str) for one in both):
        return 0.0
    return 1.0 if all(str(one).lstrip().startswith("Human:") for one in both) else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record: what stands before the last Assistant is the prompt, where the two are alike."""
    chosen, rejected = (_turns(needed(fields, name), name) for name in ("chosen", "rejected"))
    prompt, better, worse = common_prompt(chosen, rejected)
    return row(messages=prompt, chosen=better, rejected=worse)


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    prompt = pair_of(record).messages
    one_answer(record.chosen)
    one_answer(record.rejected)
    return {"chosen": _text((*prompt, *record.chosen)), "rejected": _text((*prompt, *record.rejected))}


def _turns(text: str, name: str) -> tuple[Message, ...]:
    pieces = MARK.split("\n\n" + text.lstrip("\n"))
    speakers, words = pieces[1::2], pieces[2::2]
    if pieces[0].strip() or not speakers or speakers[-1] != "Assistant":
        raise Wrong(
            Text(
                f"'{name}' does not begin with Human: and end with Assistant:",
                f"'{name}' 没有以 Human: 开头、以 Assistant: 结尾",
            )
        )
    if not words[-1].strip():
        raise Wrong(Text(f"the last answer of '{name}' is empty", f"'{name}' 的最后回答为空"))
    return tuple(Message(SPEAKERS[speaker], said) for speaker, said in zip(speakers, words, strict=True))


def _text(messages: Sequence[Message]) -> str:
    if any(one.role not in NAMES or one.calls for one in messages):
        raise Wrong(Text("only questions and answers have a place here", "目标格式只能容纳提问与回答"))
    if any(MARK.search(f"\n\n{one.content}") or MARK.search(one.content) for one in messages):
        raise Wrong(Text("a text holds the marks Human: or Assistant:", "文本中含有 Human: 或 Assistant: 标记"))
    return "".join(f"\n\n{NAMES[one.role]}: {one.content}" for one in messages)
