"""Instruction rows: what is asked is made of a system text, a history, an instruction and its input."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import PLACEHOLDERS, Fields, needed, optional, pairs
from taskfit.data.columns import Columns
from taskfit.data.conversation import json_inside
from taskfit.data.message import thought_and_words
from taskfit.data.wrong import Wrong


@dataclass(frozen=True)
class Asked:
    """What is asked; `parts` are the instruction and its input, where the row tells them apart."""

    messages: tuple[Message, ...]
    parts: Mapping[str, str] = field(default_factory=dict)


def asked_of(fields: Fields, roles: Columns) -> Asked:
    """Return what a row asks, the question last; raise Wrong when it asks nothing."""
    assert roles.instruction is not None
    system = optional(fields, roles.system)
    messages = [Message("system", system)] if system.strip() else []
    history = json_inside(fields.get(roles.history), roles.history) if roles.history is not None else None
    for asked, answered in pairs(history, roles.history or ""):
        messages += [Message("user", asked), Message("assistant", answered)]
    given = optional(fields, roles.input)
    if given.strip().casefold() in PLACEHOLDERS:
        given = ""
    instruction = optional(fields, roles.instruction) if given.strip() else needed(fields, roles.instruction)
    both = bool(given.strip() and instruction.strip())
    question = f"{instruction}\n{given}" if both else instruction or given
    question = question if question.strip() else given
    parts = {"instruction": instruction, "input": given} if both else {}
    return Asked((*messages, Message("user", question)), parts)


def answered(answer: str) -> Message:
    """Return an answer as a message: a thought at its start (`<think>...</think>`) is told apart from the words."""
    thought, words = thought_and_words(answer) if "</think>" in answer else ("", answer)
    if not thought.strip():
        return Message("assistant", words if words.strip() else answer)
    if not words.strip():
        raise Wrong(Text("an empty answer behind the thought", "思考之后的回答为空"))
    return Message("assistant", words, thinking=thought)


def with_thought(message: Message) -> str:
    """Return an answer as one text: the thought in marks, then the words; what `answered` reads."""
    return f"<think>\n{message.thinking}\n</think>\n\n{message.content}" if message.thinking else message.content
