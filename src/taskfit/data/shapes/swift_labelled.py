"""Classification of ms-swift: messages and a label, which is a number or a list of numbers."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields
from taskfit.data.classes import UNLABELLED, label_of, labels_of
from taskfit.data.conversation import json_inside
from taskfit.data.pieces import MESSAGES, of_kind
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.talks import openai_messages, roles_in, talk_in, tools_as_objects, tools_in
from taskfit.data.wrong import Wrong

ABOUT = Text("ms-swift: messages with a class as label", "ms-swift：messages 与类别标签")
HOLDS = frozenset((*MESSAGES, "label", "labels", "tools"))
ROW = {"messages": [{"role": "user", "content": "lovely food"}], "label": 1}


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    label = fields.get("label")
    verdict = isinstance(label, bool) or str(label).strip().casefold() in ("true", "false")
    return 1.0 if "label" in fields and not verdict and roles_in(fields, "messages") else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    messages, tools = talk_in(fields, "messages"), tools_in(fields)
    found = json_inside(fields.get("label"), "label")
    several = labels_of(found, "label")
    if several is not None:
        return row(messages=messages, tools=tools, labels=several)
    return row(messages=messages, tools=tools, label=label_of(fields, "label"))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    if record.spans is not None or not record.messages:
        raise Wrong(Text("it has no label", "没有标签"))
    told: dict[str, object] = {"messages": openai_messages(of_kind(record, "labelled", "prompt").messages)}
    told["label"] = list(record.labels) if record.labels is not None else record.label or UNLABELLED
    return {**told, "tools": tools_as_objects(record.tools)} if record.tools else told
