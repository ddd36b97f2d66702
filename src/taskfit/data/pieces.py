"""What several shapes share when they write a record: its system text, its turns, the parts of its question."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.data.wrong import Wrong

KINDS = {
    "labelled": Text("a row with a label", "带标签的行"),
    "talk": Text("a conversation", "对话"),
    "pair": Text("a pair of a better and a worse answer", "偏好对（较好与较差的回答）"),
    "rated": Text("an answer that is liked or not", "被判定好坏的回答"),
    "steps": Text("a solution in steps", "分步解答"),
    "prompt": Text("a prompt without an answer", "没有回答的提示"),
    "text": Text("plain text", "纯文本"),
}


# All that a message can hold, by the names that `compare` gives it.
MESSAGES = (
    *("messages", "messages.words", "messages.thinking", "messages.calls", "messages.calls.id"),
    *("messages.name", "messages.call_id", "messages.weight"),
)


def cannot_hold(record: Record, wanted: str) -> NoReturn:
    """Raise Wrong: a row of another kind does not fit; `wanted` is the kind that does."""
    found, fits = KINDS[record.kind], KINDS[wanted]
    raise Wrong(Text(f"it is {found.en}, {fits.en} is needed", f"这是{found.zh}，而目标格式需要{fits.zh}"))


def of_kind(record: Record, *kinds: str) -> Record:
    """Return the record when it is of one of the `kinds`; raise Wrong otherwise."""
    return record if record.kind in kinds else cannot_hold(record, kinds[0])


def single_answer(record: Record) -> Message:
    """Return the last message of a conversation, which must be an answer."""
    last = of_kind(record, "talk").messages[-1]
    if last.role != "assistant":
        raise Wrong(Text("it does not end with an answer", "对话没有以回答结尾"))
    return words_only(last)


def split_answer(messages: Sequence[Message]) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """Return what leads to the last answer, and that answer."""
    if not messages or messages[-1].role != "assistant":
        raise Wrong(Text("it does not end with an answer", "对话没有以回答结尾"))
    return tuple(messages[:-1]), (messages[-1],)


def words_only(message: Message) -> Message:
    """Return a message when it calls no tools; raise Wrong otherwise."""
    if message.calls:
        raise Wrong(Text("it calls tools, for which there is no place", "含工具调用，目标格式没有对应位置"))
    return message


def one_question(messages: Sequence[Message]) -> str:
    """Return the words of the only message, which must be the user's."""
    if len(messages) != 1 or messages[0].role != "user":
        raise Wrong(Text("it is more than one question", "不止一个提问"))
    return messages[0].content


def system_and_turns(messages: Sequence[Message]) -> tuple[str, list[tuple[str, str]], str]:
    """Return the system text, the (question, answer) pairs before the last question, and that; raise Wrong for others."""
    rest = list(messages)
    system = rest.pop(0).content if rest and rest[0].role == "system" else ""
    roles = [one.role for one in rest]
    if len(rest) % 2 == 0 or roles != ["user", "assistant"] * (len(rest) // 2) + ["user"]:
        raise Wrong(Text("questions and answers do not alternate", "提问与回答没有交替"))
    before = [(ask.content, words_only(told)) for ask, told in zip(rest[:-1:2], rest[1::2], strict=True)]
    if any(told.thinking for _, told in before):
        raise Wrong(Text("an earlier answer holds a thought", "较早的回答含有思考内容"))
    return system, [(ask, told.content) for ask, told in before], rest[-1].content


def instructed(record: Record, messages: Sequence[Message]) -> dict[str, object]:
    """Return instruction, input, system and history of what is asked."""
    system, history, question = system_and_turns(messages)
    instruction, given = told_apart(record.parts, ("instruction", "input"), question) or (question, "")
    told: dict[str, object] = {"instruction": instruction, "input": given}
    if system:
        told["system"] = system
    if history:
        told["history"] = [list(pair) for pair in history]
    return told


def told_apart(parts: Mapping[str, str], names: tuple[str, str], question: str) -> tuple[str, str] | None:
    """Return the two named parts of a question, when there are such and they still make it."""
    first, second = parts.get(names[0]), parts.get(names[1])
    if first is None or second is None or f"{first}\n{second}" != question:
        return None
    return first, second


def is_plain(prompt: Sequence[Message], told: Sequence[Message]) -> bool:
    """Whether both are one message that is only words (an answer may hold a thought), so that texts can hold them."""
    both = len(prompt) == 1 and len(told) == 1 and prompt[0].role == "user" and prompt[0].is_plain
    return both and told[0] == Message("assistant", told[0].content, thinking=told[0].thinking)
