"""Entities as places in a text: text, entities [{start, end, label}]; also [start, end, kind] and CLUENER's form."""

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed, one_of
from taskfit.data.conversation import json_inside
from taskfit.data.pieces import one_question
from taskfit.data.record import Record, kinds_of
from taskfit.data.shape import SOFT, row
from taskfit.data.tagged import ENTITIES, spans_in
from taskfit.data.wrong import Wrong

ABOUT = Text("entities as places in a text", "文本与实体位置")
HOLDS = frozenset(("messages", "spans", "labels"))
ROW = {"text": "Ada lives in Bath", "entities": [{"start": 0, "end": 3, "label": "PER"}]}
TEXTS = ("text", "sentence", "content", "文本", "内容")
COLUMNS = (*ENTITIES, "label", "labels")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    if not any(name in fields for name in TEXTS):
        return 0.0
    column = next((name for name in COLUMNS if name in fields), None)
    try:
        value = json_inside(fields[column], column) if column is not None else None
    except Wrong:
        return 0.0
    if isinstance(value, dict):
        return 1.0
    if not isinstance(value, list) or (not value and column not in ENTITIES):
        return SOFT if column in ENTITIES and value is None else 0.0
    return 1.0 if all(isinstance(one, (dict, list)) for one in value) else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    text = needed(fields, one_of(fields, TEXTS))
    column = one_of(fields, COLUMNS)
    spans = spans_in(text, json_inside(fields[column], column))
    return row(messages=(Message("user", text),), spans=spans, labels=kinds_of(spans))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    if record.spans is None:
        raise Wrong(Text("it names no entities", "没有实体标注"))
    spans = [{"start": one.start, "end": one.end, "label": one.label} for one in record.spans]
    return {"text": one_question(record.messages), "entities": spans}
