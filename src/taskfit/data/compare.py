"""Two records held against each other: the names of all that is in the first and not in the second."""

from collections.abc import Mapping, Sequence

from taskfit.core.example import Message
from taskfit.data.json_text import written_json
from taskfit.data.record import Record

PLAIN = ("tools", "label", "labels", "text", "verdict", "steps", "margin", "group", "spans")
OF_MESSAGES = ("messages", "chosen", "rejected")


def missing(record: Record, again: Record) -> tuple[str, ...]:
    """Return what `record` says and `again` does not: names of fields, `messages.calls`, `about.source`, `extra.x`."""
    found: dict[str, None] = {}
    for name in OF_MESSAGES:
        found.update(dict.fromkeys(_of_messages(_messages(record, name), _messages(again, name), name)))
    said, told = _plain(record), _plain(again)
    found.update(dict.fromkeys(name for name in PLAIN if said[name] not in (None, (), {}) and said[name] != told[name]))
    beside: tuple[tuple[str, Mapping[str, object], Mapping[str, object]], ...] = (
        ("about", record.about, again.about),
        ("extra", record.extra, again.extra),
        ("parts", record.parts, again.parts),
    )
    for name, one, other in beside:
        found.update(dict.fromkeys(f"{name}.{key}" for key in one if not _same(one[key], other.get(key))))
    if record.owns_id and record.id != again.id:
        found["id"] = None
    return tuple(found)


def _messages(record: Record, name: str) -> Sequence[Message]:
    return {"messages": record.messages, "chosen": record.chosen, "rejected": record.rejected}[name]


def _plain(record: Record) -> Mapping[str, object]:
    return {
        "tools": record.tools,
        "label": record.label,
        "labels": record.labels,
        "text": record.text,
        "verdict": record.verdict,
        "steps": record.steps,
        "margin": record.margin,
        "group": record.group,
        "spans": record.spans,
    }


def _of_messages(one: Sequence[Message], other: Sequence[Message], name: str) -> list[str]:
    if len(one) != len(other) or any(a.role != b.role for a, b in zip(one, other, strict=True)):
        return [name]
    found = []
    for first, second in zip(one, other, strict=True):
        # Words beside a call of tools are told apart: some forms have a place for either, not for both.
        found += [] if first.content == second.content else ["messages.words" if first.calls else name]
        found += [] if first.thinking == second.thinking else ["messages.thinking"]
        found += _of_calls(first, second)
        found += [] if first.name == second.name else ["messages.name"]
        found += [] if first.call_id == second.call_id else ["messages.call_id"]
        found += [] if first.weight == second.weight else ["messages.weight"]
    return found


def _of_calls(first: Message, second: Message) -> list[str]:
    called, other = ([(call.name, call.arguments) for call in one.calls] for one in (first, second))
    if called != other:
        return ["messages.calls"]
    return [] if [c.id for c in first.calls] == [c.id for c in second.calls] else ["messages.calls.id"]


def _same(one: object, other: object) -> bool:
    """Whether two values say the same: nothing is like empty, and a value like the text that stands for it in a cell."""
    return one == other or _cell(one) == _cell(other)


def _cell(value: object) -> str:
    if value in (None, "", [], {}):
        return ""
    return str(value) if isinstance(value, str) else written_json(value)
