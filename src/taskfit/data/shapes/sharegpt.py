"""ShareGPT: conversations of {from, value}; also turns as {human, assistant}, a system column, tools as JSON text."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, one_of
from taskfit.data.json_text import written_json
from taskfit.data.llamafactory_tags import SHAREGPT_TAGS
from taskfit.data.pieces import of_kind
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row
from taskfit.data.talks import (
    first_item,
    sharegpt_messages,
    split_system,
    talk_in,
    tools_as_objects,
    tools_in,
)

ABOUT = Text(
    "ShareGPT: conversations of from and value, tools", "ShareGPT：由 from、value 组成的 conversations，可含工具"
)
HOLDS = frozenset(("messages", "messages.thinking", "messages.calls", "tools"))
DATASET = {
    "formatting": "sharegpt",
    "columns": {"messages": "conversations", "system": "system", "tools": "tools"},
    "tags": SHAREGPT_TAGS,
}
ROW = {"conversations": [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "4"}]}
COLUMNS = ("conversations", "conversation", "messages")
OTHERS = ("chosen", "rejected", "kto_tag", "rejected_response", "rejected_messages")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    column = next((name for name in COLUMNS if name in fields), None)
    if column is None or any(name in fields for name in OTHERS):
        return 0.0
    first = first_item(fields[column])
    if "from" in first or ("role" not in first and ("human" in first or "user" in first)):
        return 1.0
    return SOFT if column != "messages" and "label" not in fields else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    return row(messages=talk_in(fields, one_of(fields, COLUMNS)), tools=tools_in(fields))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    system, messages = split_system(of_kind(record, "talk", "prompt").messages)
    told: dict[str, object] = {"conversations": sharegpt_messages(messages)}
    if system:
        told["system"] = system
    if record.tools:
        told["tools"] = written_json(tools_as_objects(record.tools))
    return told
