"""One raw row becomes messages and a target, or the reason why it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import needed, needed_words, optional
from taskfit.data.columns import Columns
from taskfit.data.conversation import check_calls, conversation_of, tools_of
from taskfit.data.instruction import answered, asked_of
from taskfit.data.message import last_answer
from taskfit.data.wrong import Wrong


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
    group = optional(fields, roles.group) or None
    for name in roles.media:
        if fields.get(name) not in (None, "", []):
            raise Wrong(Text(f"'{name}' holds media: not supported", f"'{name}' 含有多媒体内容：不支持"))
    if roles.shape == "conversation":
        return _talk(fields, roles, group)
    if roles.shape == "instruction":
        return _told(fields, roles, group)
    assert roles.text is not None
    messages = (Message("user", needed(fields, roles.text)),)
    target = None if roles.label is None else needed(fields, roles.label, kinds=(str, bool))
    return Understood(messages, target, group)


def _talk(fields: Mapping[str, object], roles: Columns, group: str | None) -> Understood:
    """Return a conversation; its last answer is the target where that is only words."""
    assert roles.messages is not None
    if roles.messages not in fields:
        raise Wrong(Text(f"the field '{roles.messages}' is missing", f"缺少字段 '{roles.messages}'"))
    messages = conversation_of(fields[roles.messages], roles.messages)
    tools = tools_of(fields.get(roles.tools), roles.tools) if roles.tools is not None else ()
    check_calls(messages, tools)
    system = optional(fields, roles.system)
    if system.strip() and messages[0].role != "system":
        messages = (Message("system", system), *messages)
    target = last_answer(messages)
    return Understood(messages if target is None else messages[:-1], target, group, tools)


def _told(fields: Mapping[str, object], roles: Columns, group: str | None) -> Understood:
    """Return an instruction row; its answer is the target unless there is a thought before it."""
    assert roles.label is not None
    messages, answer = asked_of(fields, roles).messages, answered(needed_words(fields, roles.label))
    if answer.thinking:
        return Understood((*messages, answer), None, group)
    return Understood(messages, answer.content, group)
