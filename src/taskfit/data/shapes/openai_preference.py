"""Preference pairs of OpenAI: input (messages, tools), preferred_output, non_preferred_output."""

from collections.abc import Mapping

from taskfit.core.text import Text
from taskfit.data.cells import Fields
from taskfit.data.conversation import json_inside
from taskfit.data.pairs import margin_in, pair_of, with_margin
from taskfit.data.pieces import MESSAGES
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.talks import one_message, openai_messages, talk_in, tools_as_objects, tools_in
from taskfit.data.wrong import Wrong, kind_of

ABOUT = Text(
    "OpenAI pairs: input, preferred_output, non_preferred_output",
    "OpenAI 偏好对：input、preferred_output、non_preferred_output",
)
HOLDS = frozenset((*MESSAGES, "chosen", "rejected", "margin", "tools"))
ROW = {
    "input": {"messages": [{"role": "user", "content": "2 + 2?"}]},
    "preferred_output": [{"role": "assistant", "content": "4"}],
    "non_preferred_output": [{"role": "assistant", "content": "5"}],
}


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    return 1.0 if all(name in fields for name in ("input", "preferred_output", "non_preferred_output")) else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record; `parallel_tool_calls` is not kept."""
    given = json_inside(fields.get("input"), "input")
    if not isinstance(given, Mapping):
        raise Wrong(kind_of("input", given, Text("an object with messages", "含 messages 的对象")))
    inner = {str(name): value for name, value in given.items()}
    return row(
        messages=talk_in(inner, "messages"),
        chosen=one_message(fields.get("preferred_output"), "preferred_output"),
        rejected=one_message(fields.get("non_preferred_output"), "non_preferred_output"),
        tools=tools_in(inner),
        margin=margin_in(fields),
    )


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    given: dict[str, object] = {"messages": openai_messages(pair_of(record).messages)}
    if record.tools:
        given["tools"] = tools_as_objects(record.tools)
    told: dict[str, object] = {
        "input": given,
        "preferred_output": openai_messages(record.chosen),
        "non_preferred_output": openai_messages(record.rejected),
    }
    return with_margin(told, record)
