"""Harmony: messages with a role developer, and what the model thinks beside its content (`thinking`)."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields
from taskfit.data.pieces import MESSAGES, of_kind
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row
from taskfit.data.talks import openai_messages, roles_in, talk_in, tools_as_objects, tools_in

ABOUT = Text("Harmony: messages with developer and thinking", "Harmony：含 developer 角色与 thinking 的 messages")
HOLDS = frozenset((*MESSAGES, "tools"))
ROW = {
    "messages": [
        {"role": "developer", "content": "Be short."},
        {"role": "user", "content": "2 + 2?"},
        {"role": "assistant", "content": "4", "thinking": "Two and two."},
    ]
}
OTHERS = ("chosen", "rejected", "kto_tag", "rejected_response", "rejected_messages", "label", "labels")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    items = roles_in(fields, "messages")
    if not items or any(name in fields for name in OTHERS):
        return 0.0
    own = any(item.get("role") == "developer" or "thinking" in item for item in items)
    return 1.0 if own else SOFT - 0.001


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    return row(messages=talk_in(fields, "messages"), tools=tools_in(fields))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    messages = openai_messages(of_kind(record, "talk", "prompt").messages, thought="thinking")
    told: dict[str, object] = {
        "messages": [{**one, "role": "developer"} if one["role"] == "system" else one for one in messages]
    }
    if record.tools:
        told["tools"] = tools_as_objects(record.tools)
    return told
