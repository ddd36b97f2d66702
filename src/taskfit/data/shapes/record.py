"""taskfit's own form of a row, which holds all that any of the others can (JSONL)."""

from collections.abc import Mapping
from dataclasses import replace

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import Fields, optional
from taskfit.data.conversation import json_inside, messages_of
from taskfit.data.liked import liked
from taskfit.data.pairs import margin_in, written_number
from taskfit.data.pieces import MESSAGES
from taskfit.data.record import Record
from taskfit.data.shape import OWN, row
from taskfit.data.tagged import spans_in
from taskfit.data.talks import openai_messages, tools_as_objects, tools_in
from taskfit.data.wrong import Wrong, kind_of, whole_text

ABOUT = Text("taskfit's own rows: hold all of the others", "taskfit 自有格式：可容纳其他所有格式")
HOLDS = frozenset(
    (
        *MESSAGES,
        "tools",
        "label",
        "labels",
        "text",
        "chosen",
        "rejected",
        "verdict",
        "steps",
        "margin",
        "group",
        "about.*",
        "extra.*",
        "spans",
        "parts.*",
        "id",
    )
)
ROW = {OWN: 1, "id": "a", "messages": [{"role": "user", "content": "lovely food"}], "label": "positive"}
VERSION = 1


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    return 1.0 if OWN in fields else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    if str(fields.get(OWN)) != str(VERSION):
        raise Wrong(
            Text(f"'{OWN}' is not {VERSION}: written by another version", f"'{OWN}' 不是 {VERSION}：由其他版本写成")
        )
    said = {name: _messages(fields, name) for name in ("messages", "chosen", "rejected")}
    labels, spans = _list(fields, "labels"), fields.get("spans")
    verdict = fields.get("verdict")
    text = fields.get("text")
    record = row(
        **said,
        tools=tools_in(fields),
        label=optional(fields, "label") if fields.get("label") is not None else None,
        labels=None if labels is None else tuple(str(one) for one in labels),
        text=None if text is None else optional(fields, "text"),
        verdict=None if verdict is None else liked(verdict, "verdict"),
        steps=_steps(fields),
        margin=margin_in(fields),
        group=optional(fields, "group") or None,
        about=_texts(fields, "about"),
        extra=_object(fields, "extra"),
        spans=None if spans is None else spans_in(_text_of(said["messages"]), json_inside(spans, "spans")),
        parts=_texts(fields, "parts"),
    )
    return replace(record, id=optional(fields, "id"))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record; what is empty is left out."""
    told: dict[str, object] = {OWN: VERSION, "id": record.id}
    for name in ("messages", "chosen", "rejected"):
        messages = messages_in(record, name)
        if messages:
            told[name] = openai_messages(messages)
    told |= {name: value for name, value in _small(record).items() if value is not None}
    if record.margin is not None:
        told["margin"] = written_number(record.margin)
    return told


def messages_in(record: Record, name: str) -> tuple[Message, ...]:
    """Return the messages of one of the three fields that hold some."""
    return {"messages": record.messages, "chosen": record.chosen, "rejected": record.rejected}[name]


def _small(record: Record) -> dict[str, object]:
    spans = record.spans
    return {
        "tools": tools_as_objects(record.tools) or None,
        "label": record.label,
        "labels": None if record.labels is None else list(record.labels),
        "spans": None if spans is None else [{"start": s.start, "end": s.end, "label": s.label} for s in spans],
        "text": record.text,
        "verdict": record.verdict,
        "steps": [{"step": step, "right": right} for step, right in record.steps] or None,
        "group": record.group,
        "parts": dict(record.parts) or None,
        "about": dict(record.about) or None,
        "extra": dict(record.extra) or None,
    }


def _messages(fields: Fields, name: str) -> tuple[Message, ...]:
    value = fields.get(name)
    return () if value is None else messages_of(value, name)


def _text_of(messages: tuple[Message, ...]) -> str:
    return messages[-1].content if messages else ""


def _list(fields: Fields, name: str) -> list[object] | None:
    value = json_inside(fields.get(name), name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Wrong(kind_of(name, value, Text("a list of texts", "文本列表")))
    return [whole_text(name, str(one)) for one in value]


def _object(fields: Fields, name: str) -> dict[str, object]:
    value = json_inside(fields.get(name), name)
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise Wrong(kind_of(name, value, Text("an object", "对象")))
    return {str(key): one for key, one in value.items()}


def _texts(fields: Fields, name: str) -> dict[str, str]:
    found = _object(fields, name)
    return {key: optional(found, key) for key in found}


def _steps(fields: Fields) -> tuple[tuple[str, bool], ...]:
    value = json_inside(fields.get("steps"), "steps")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise Wrong(kind_of("steps", value, Text("a list of steps", "步骤列表")))
    return tuple((optional(one, "step"), liked(one.get("right"), "right")) for one in value)
