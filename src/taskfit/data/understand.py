"""One raw row becomes messages and a target, or the reason why it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.columns import Columns
from taskfit.data.json_text import KINDS
from taskfit.data.rows import Written

PLACEHOLDERS = frozenset(
    ("<noinput>", "noinput", "no input", "none", "n/a", "na", "null", "nil", "-", "无", "无输入", "没有输入", "空")
)


@dataclass(frozen=True)
class Understood:
    """What a row says."""

    messages: tuple[Message, ...]
    target: str
    group: str | None = None


@dataclass(frozen=True)
class Unusable:
    """Why a row says nothing that can be used, and what it shows."""

    reason: Text
    shown: str = ""


class _Wrong(Exception):
    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(reason.en)


def understand(fields: Mapping[str, object], roles: Columns) -> Understood | Unusable:
    """Return the messages and target of a row."""
    try:
        group = _optional(fields, roles.group)
        if roles.instruction is None:
            assert roles.text is not None
            assert roles.label is not None
            text = _needed(fields, roles.text)
            return Understood((Message("user", text),), _needed(fields, roles.label, kinds=(str, bool)), group or None)
        return Understood(_conversation(fields, roles), _answer(fields, roles), group or None)
    except _Wrong as wrong:
        shown = next((value for value in fields.values() if isinstance(value, str) and value.strip()), "")
        return Unusable(wrong.reason, shown)


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
        raise _Wrong(_kind(roles.label, fields[roles.label]))
    return _needed(fields, roles.label)


def _turns(fields: Mapping[str, object], name: str | None) -> list[tuple[str, str]]:
    value = fields.get(name) if name is not None else None
    if name is None or value is None or value == "" or value == [[]]:
        return []
    if not isinstance(value, list):
        raise _Wrong(_kind(name, value))
    turns = []
    for turn in value:
        if not isinstance(turn, list) or len(turn) != 2 or not all(isinstance(one, str) for one in turn):
            raise _Wrong(
                Text(
                    f"'{name}' is a list of [question, answer] pairs of texts, not {turn!r:.40}",
                    f"'{name}' 应为 [问, 答] 文本对的列表，而不是 {turn!r:.40}",
                )
            )
        turns.append((_whole(name, turn[0]), _whole(name, turn[1])))
    return turns


def _needed(fields: Mapping[str, object], name: str, *, kinds: tuple[type, ...] = (str,)) -> str:
    if name not in fields:
        raise _Wrong(Text(f"the field '{name}' is missing", f"缺少字段 '{name}'"))
    value = fields[name]
    if isinstance(value, bool) and bool in kinds:
        return "true" if value else "false"
    if not isinstance(value, str):
        raise _Wrong(_kind(name, value))
    if not value.strip():
        raise _Wrong(Text(f"'{name}' is empty", f"'{name}' 为空"))
    return _whole(name, value)


def _optional(fields: Mapping[str, object], name: str | None) -> str:
    value = fields.get(name) if name is not None else None
    if name is None or value is None:
        return ""
    if not isinstance(value, str):
        raise _Wrong(_kind(name, value))
    return _whole(name, value)


def _kind(name: str, value: object) -> Text:
    kind = KINDS.get(type(value), Text("something else", "其他类型"))
    return Text(f"'{name}' is {kind.en}, a text is expected", f"'{name}' 是{kind.zh}，应为文本")


def _whole(name: str, value: str) -> str:
    # A lone half of a surrogate pair cannot be written to any file again.
    if not value.isascii() and any("\ud800" <= one <= "\udfff" for one in value):
        raise _Wrong(
            Text(f"'{name}' holds half a character (a lone surrogate)", f"'{name}' 含有半个字符（孤立代理项）")
        )
    return str(value)
