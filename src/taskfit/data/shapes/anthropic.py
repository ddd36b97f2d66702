"""Anthropic: messages whose content is text or blocks (text, thinking, tool_use, tool_result), a system column, tools."""

from collections.abc import Mapping, Sequence

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.blocks import RESULT, USE, blocks_of, has_type
from taskfit.data.cells import Fields
from taskfit.data.json_text import STRICT, written_json
from taskfit.data.pieces import of_kind
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row
from taskfit.data.talks import arguments_of, roles_in, split_system, talk_in, tools_as_objects, tools_in
from taskfit.data.wrong import Wrong

ABOUT = Text(
    "Anthropic: messages with blocks, system, tools", "Anthropic：由内容块组成的 messages，另有 system 与 tools"
)
HOLDS = frozenset(
    (
        "messages",
        "messages.words",
        "messages.thinking",
        "messages.calls",
        "messages.calls.id",
        "messages.call_id",
        "tools",
    )
)
ROW = {
    "system": "Use the tool.",
    "messages": [
        {"role": "user", "content": "2 + 2?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 2, "b": 2}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "4"}]},
        {"role": "assistant", "content": "4"},
    ],
    "tools": [{"name": "add", "description": "adds", "input_schema": {"type": "object"}}],
}
OTHERS = ("chosen", "rejected", "kto_tag", "rejected_response", "rejected_messages", "label", "labels")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    items = roles_in(fields, "messages")
    if not items or any(name in fields for name in OTHERS):
        return 0.0
    if any(item.get("role") not in ("user", "assistant") or "tool_calls" in item for item in items):
        return 0.0
    contents = [content for item in items if isinstance(content := item.get("content"), list)]
    return 1.0 if any(has_type(part, USE, RESULT) for content in contents for part in content) else SOFT - 0.002


def read(fields: Fields) -> Record:
    """Return the row as a record; tools are kept in OpenAI's form."""
    tools = (written_json(_openai_tool(STRICT.decode(tool))) for tool in tools_in(fields))
    return row(messages=talk_in(fields, "messages"), tools=tuple(tools))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    system, messages = split_system(of_kind(record, "talk", "prompt").messages)
    told: dict[str, object] = {"system": system} if system else {}
    told["messages"] = _written(messages)
    if record.tools:
        told["tools"] = [_anthropic_tool(tool) for tool in tools_as_objects(record.tools)]
    return told


def _written(messages: Sequence[Message]) -> list[dict[str, object]]:
    told: list[dict[str, object]] = []
    results: list[object] = []
    for message in messages:
        if message.role == "tool":
            results.append({"type": RESULT, "tool_use_id": message.call_id, "content": message.content})
            continue
        if results:
            told.append({"role": "user", "content": results})
            results = []
        if message.role == "system":
            raise Wrong(Text("a system text behind the start", "system 不在开头"))
        uses = [{"type": USE, "id": call.id, "name": call.name, "input": arguments_of(call)} for call in message.calls]
        told.append({"role": message.role, "content": blocks_of(message.content, message.thinking, uses)})
    return [*told, {"role": "user", "content": results}] if results else told


def _openai_tool(tool: object) -> object:
    if not isinstance(tool, Mapping) or "input_schema" not in tool:
        return tool
    inner = {"parameters" if key == "input_schema" else str(key): value for key, value in tool.items()}
    return {"type": "function", "function": inner}


def _anthropic_tool(tool: object) -> object:
    inner = tool.get("function") if isinstance(tool, Mapping) else None
    if not isinstance(inner, Mapping):
        return tool
    told = {"input_schema" if key == "parameters" else str(key): value for key, value in inner.items()}
    return {**told, "input_schema": told.get("input_schema", {"type": "object"})}
