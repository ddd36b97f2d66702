"""What LLaMA-Factory would do in silence with the rows of an entry of dataset_info.json, counted row by row.

Read in its source (data/converter.py, data/parser.py), not run.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from taskfit.app.llamafactory.dataset_info import COLUMNS, TAGS, Entry
from taskfit.core.text import Text
from taskfit.data.cells import Fields

DEFAULTS = {**COLUMNS, "history": None, "system": None, "tools": None}
TOLD = {
    "missing": Text("lack a column that is listed: it stops with a KeyError", "缺少所列的列：会以 KeyError 中止"),
    "role": Text("hold a role that the tags do not name: dropped", "含有 tags 未定义的角色：被丢弃"),
    "order": Text("do not alternate between question and answer: dropped", "提问与回答没有交替：被丢弃"),
    "count": Text(
        "have an odd number of messages (with ranking: an even one): dropped",
        "消息数为奇数（ranking 时为偶数）：被丢弃",
    ),
    "messages": Text("hold no list of messages: it stops with an error", "没有消息列表：会报错中止"),
    "answer": Text("have an answer that is no text: dropped", "回答不是文本：被丢弃"),
    "tag": Text(
        "have a kto_tag that is neither true nor false: not taken for KTO", "kto_tag 不是布尔值：不视为 KTO 数据"
    ),
    "pair": Text("hold chosen or rejected that is no text: dropped", "chosen 或 rejected 不是文本：被丢弃"),
}


def traps(entry: Entry, rows: Sequence[Fields]) -> tuple[Text, ...]:
    """Return a remark for each thing that LLaMA-Factory would do to some of the rows without a word."""
    counts = Counter(trap for fields in rows if (trap := _trap(entry, fields)) is not None)
    return tuple(
        Text(
            f"LLaMA-Factory: {count} of {len(rows)} rows {TOLD[trap].en}",
            f"LLaMA-Factory：{len(rows)} 行中有 {count} 行{TOLD[trap].zh}",
        )
        for trap, count in counts.most_common()
    )


def _trap(entry: Entry, fields: Fields) -> str | None:
    columns = {role: _column(entry, role) for role in (*DEFAULTS, "chosen", "rejected", "kto_tag")}
    listed = [column for column in (entry.columns or {}).values() if column is not None]
    if any(column not in fields for column in listed):
        return "missing"
    tag = columns["kto_tag"]
    if tag is not None and not isinstance(fields.get(tag), bool):
        return "tag"
    if entry.formatting != "alpaca":
        return _of_talk(entry, fields, columns)
    if entry.ranking:
        both = (fields.get(columns[role] or "") for role in ("chosen", "rejected"))
        return None if all(_is_text(one) for one in both) else "pair"
    answer = columns["response"]
    return "answer" if answer is not None and answer in fields and not _is_text(fields[answer]) else None


def _of_talk(entry: Entry, fields: Fields, columns: Mapping[str, str | None]) -> str | None:
    value = fields.get(columns["messages"] or "")
    if not isinstance(value, list) or not value or not all(isinstance(one, Mapping) for one in value):
        return "messages"
    tags = {name: _tag(entry, name) for name in TAGS}
    roles = [one.get(tags["role_tag"] or "") for one in value]
    roles = roles[1:] if roles[0] is not None and roles[0] == tags["system_tag"] else roles
    asking, answering = (tags["user_tag"], tags["observation_tag"]), (tags["assistant_tag"], tags["function_tag"])
    for place, role in enumerate(roles):
        if role not in (asking if place % 2 == 0 else answering):
            return "order" if role is not None and role in (*asking, *answering) else "role"
    return "count" if len(roles) % 2 != int(entry.ranking) else None


def _column(entry: Entry, role: str) -> str | None:
    """Return the column that LLaMA-Factory takes for a role: once `columns` is there, only those it lists."""
    return DEFAULTS.get(role) if entry.columns is None else entry.columns.get(role)


def _tag(entry: Entry, name: str) -> str | None:
    return TAGS[name] if entry.tags is None else entry.tags.get(name)


def _is_text(value: object) -> bool:
    # A number that keeps its digits is a text of ours, but was none in the file.
    return type(value) is str
