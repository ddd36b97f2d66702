"""OpenAI messages: role and content, tool_calls, tools, a weight per message; also thoughts as reasoning_content."""

from taskfit.core.text import Text
from taskfit.data.blocks import RESULT, USE, has_type
from taskfit.data.cells import Fields
from taskfit.data.llamafactory_tags import OPENAI_TAGS
from taskfit.data.pieces import MESSAGES, of_kind
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row
from taskfit.data.talks import openai_messages, roles_in, talk_in, tools_as_objects, tools_in

ABOUT = Text(
    "OpenAI: messages of role and content, tool calls, tools, weights",
    "OpenAI：messages（role、content、工具调用、权重）与 tools",
)
HOLDS = frozenset((*MESSAGES, "tools"))
DATASET = {
    "formatting": "openai",
    "columns": {"messages": "messages", "tools": "tools"},
    "tags": OPENAI_TAGS,
}
ROW = {"messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]}
OTHERS = ("chosen", "rejected", "kto_tag", "rejected_response", "rejected_messages", "label", "labels")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    items = roles_in(fields, "messages")
    if not items or any(name in fields for name in OTHERS):
        return 0.0
    parts = [part for item in items if isinstance(item.get("content"), list) for part in _list(item["content"])]
    if any(has_type(part, USE, RESULT) for part in parts):
        return 0.0
    return SOFT if any(item.get("role") == "developer" or "thinking" in item for item in items) else 1.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    return row(messages=talk_in(fields, "messages"), tools=tools_in(fields))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    told: dict[str, object] = {"messages": openai_messages(of_kind(record, "talk", "prompt").messages)}
    if record.tools:
        told["tools"] = tools_as_objects(record.tools)
    return told


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
