"""Single cells of a row as text: needed ones, optional ones, pairs of a history; raise Wrong with the field and why."""

from collections.abc import Mapping, Sequence

from taskfit.core.text import Text
from taskfit.data.message import A_TEXT
from taskfit.data.rows import Written
from taskfit.data.wrong import Wrong, kind_of, whole_text

Fields = Mapping[str, object]

PLACEHOLDERS = frozenset(
    ("<noinput>", "noinput", "no input", "none", "n/a", "na", "null", "nil", "-", "无", "无输入", "没有输入", "空")
)


def needed(fields: Fields, name: str, *, kinds: tuple[type, ...] = (str,)) -> str:
    """Return the text in a field that must say something; `kinds` with bool lets true and false pass as words."""
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


def needed_words(fields: Fields, name: str) -> str:
    """Return the text in a field that must say something and be no number."""
    if isinstance(fields.get(name), Written):
        raise Wrong(kind_of(name, fields[name], A_TEXT))
    return needed(fields, name)


def optional(fields: Fields, name: str | None) -> str:
    """Return the text in a field that may be missing or empty."""
    value = fields.get(name) if name is not None else None
    if name is None or value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong(kind_of(name, value, A_TEXT))
    return whole_text(name, value)


def pairs(value: object, name: str) -> list[tuple[str, str]]:
    """Return the (question, answer) pairs of a history."""
    if value is None or value == "" or value == [[]]:
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


def first_of(fields: Fields, names: Sequence[str]) -> str | None:
    """Return the first of the `names` that the row has and that holds something."""
    return next((name for name in names if name in fields and fields[name] is not None), None)


def one_of(fields: Fields, names: Sequence[str]) -> str:
    """Return the first of the `names` that the row has, one that holds something before one that does not."""
    found = first_of(fields, names) or next((name for name in names if name in fields), None)
    if found is None:
        listed = ", ".join(names[:6])
        raise Wrong(Text(f"none of these fields is there: {listed}", f"缺少以下任一字段：{listed}"))
    return found
