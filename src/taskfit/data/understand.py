"""One raw row becomes messages and a target, or the reason why it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.columns import Columns
from taskfit.data.conversation import check_calls, conversation_of, tools_of
from taskfit.data.message import A_TEXT, last_answer, thought_and_words
from taskfit.data.rows import Written
from taskfit.data.wrong import Wrong, kind_of, whole_text

PLACEHOLDERS = frozenset(
    ("<noinput>", "noinput", "no input", "none", "n/a", "na", "null", "nil", "-", "无", "无输入", "没有输入", "空")
)


@dataclass(frozen=True)
class Understood:
    """What a row says."""

    messages: tuple[Message, ...]
    target: str | None
    group: str | None = None
    tools: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unusable:
    """Why a row says nothing that can be used, and what it shows."""

    reason: Text
    shown: str = ""


def understand(fields: Mapping[str, object], roles: Columns) -> Understood | Unusable:
    """Return the messages and target of a row."""
    try:
        return _understood(fields, roles)
    except Wrong as wrong:
        shown = next((value for value in fields.values() if isinstance(value, str) and value.strip()), "")
        return Unusable(wrong.reason, shown)


def _understood(fields: Mapping[str, object], roles: Columns) -> Understood:
    group = _optional(fields, roles.group) or None
    for name in roles.media:
        if fields.get(name) not in (None, "", []):
            raise Wrong(Text(f"'{name}' holds media: not supported", f"'{name}' 含有多媒体内容：不支持"))
    if roles.shape == "conversation":
        return _talk(fields, roles, group)
    if roles.shape == "instruction":
        return _told(_conversation(fields, roles), _answer(fields, roles), group)
    assert roles.text is not None
    messages = (Message("user", _needed(fields, roles.text)),)
    target = None if roles.label is None else _needed(fields, roles.label, kinds=(str, bool))
    return Understood(messages, target, group)


def _talk(fields: Mapping[str, object], roles: Columns, group: str | None) -> Understood:
    """Return a conversation; its last answer is the target where that is only words."""
    assert roles.messages is not None
    if roles.messages not in fields:
        raise Wrong(Text(f"the field '{roles.messages}' is missing", f"缺少字段 '{roles.messages}'"))
    messages = conversation_of(fields[roles.messages], roles.messages)
    tools = tools_of(fields.get(roles.tools), roles.tools) if roles.tools is not None else ()
    check_calls(messages, tools)
    system = _optional(fields, roles.system)
    if system.strip() and messages[0].role != "system":
        messages = (Message("system", system), *messages)
    target = last_answer(messages)
    return Understood(messages if target is None else messages[:-1], target, group, tools)


def _told(messages: tuple[Message, ...], answer: str, group: str | None) -> Understood:
    thought, words = thought_and_words(answer) if "</think>" in answer else ("", answer)
    if not thought.strip():
        return Understood(messages, words if words.strip() else answer, group)
    if not words.strip():
        raise Wrong(Text("an empty answer behind the thought", "思考之后的回答为空"))
    return Understood((*messages, Message("assistant", words, thinking=thought)), None, group)


def _conversation(fields: Mapping[str, object], roles: Columns) -> tuple[Message, ...]:
    assert roles.instruction is not None
    system = _optional(fields, roles.system)
    messages = [Message("system", system)] if system.strip() else []
    for asked, answered in _turns(fields, roles.history):
        messages += [Message("user", asked), Message("assistant", answered)]
    given = _optional(fields, roles.input)
    if given.strip().casefold() in PLACEHOLDERS:
        given = ""
    instruction = _optional(fields, roles.instruction) if given.strip() else _needed(fields, roles.instruction)
    question = f"{instruction}\n{given}" if given.strip() and instruction.strip() else instruction or given
    return (*messages, Message("user", question if question.strip() else given))


def _answer(fields: Mapping[str, object], roles: Columns) -> str:
    assert roles.label is not None
    if isinstance(fields.get(roles.label), Written):
        raise Wrong(kind_of(roles.label, fields[roles.label], A_TEXT))
    return _needed(fields, roles.label)


def _turns(fields: Mapping[str, object], name: str | None) -> list[tuple[str, str]]:
    value = fields.get(name) if name is not None else None
    if name is None or value is None or value == "" or value == [[]]:
        return []
    if not isinstance(value, list):
        raise Wrong(kind_of(name, value, A_TEXT))
    turns = []
    for turn in value:
        if not isinstance(turn, list) or len(turn) != 2 or not all(isinstance(one, str) for one in turn):
            raise Wrong(
                Text(
                    f"'{name}' is a list of [question, answer] pairs of texts, not {turn!r:.40}",
                    f"'{name}' 应为 [问, 答] 文本对的列表，而不是 {turn!r:.40}",
                )
            )
        turns.append((whole_text(name, turn[0]), whole_text(name, turn[1])))
    return turns


def _needed(fields: Mapping[str, object], name: str, *, kinds: tuple[type, ...] = (str,)) -> str:
    if name not in fields:
        raise Wrong(Text(f"the field '{name}' is missing", f"缺少字段 '{name}'"))
    value = fields[name]
    if isinstance(value, bool) and bool in kinds:
        return "true" if value else "false"
    if not isinstance(value, str):
        raise Wrong(kind_of(name, value, A_TEXT))
    if not value.strip():
        raise Wrong(Text(f"'{name}' is empty", f"'{name}' 为空"))
    return whole_text(name, value)


def _optional(fields: Mapping[str, object], name: str | None) -> str:
    value = fields.get(name) if name is not None else None
    if name is None or value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong(kind_of(name, value, A_TEXT))
    return whole_text(name, value)
