"""Conversations as the dialects write them: OpenAI's fields, ShareGPT's words; and the columns they stand in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from taskfit.core.example import Message, ToolCall
from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed, needed_words, optional
from taskfit.data.conversation import json_inside, messages_of, tools_of
from taskfit.data.instruction import answered, with_thought
from taskfit.data.json_text import STRICT, written_json
from taskfit.data.wrong import Wrong, kind_of

SHAREGPT_ROLES = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}


def talk_in(fields: Fields, column: str) -> tuple[Message, ...]:
    """Return the messages in a column, behind the system text of the column `system` unless they have their own."""
    if column not in fields:
        raise Wrong(Text(f"the field '{column}' is missing", f"缺少字段 '{column}'"))
    messages = messages_of(fields[column], column)
    system = system_in(fields)
    own = bool(messages) and messages[0].role == "system"
    return messages if own or not system.strip() else (Message("system", system), *messages)


def system_in(fields: Fields) -> str:
    """Return the system text of a row; Anthropic may write it as blocks."""
    value = fields.get("system")
    if isinstance(value, list):
        return "".join(str(part.get("text", "")) for part in value if isinstance(part, Mapping))
    return optional(fields, "system")


def tools_in(fields: Fields) -> tuple[str, ...]:
    """Return the tools of a row."""
    return tools_of(fields.get("tools"), "tools")


def one_message(value: object, column: str) -> tuple[Message, ...]:
    """Return the messages of a cell that holds one message, or a list of them, or only the words of an answer."""
    found = json_inside(value, column)
    if isinstance(found, Mapping):
        found = [found]
    if isinstance(found, list):
        return messages_of(found, column)
    if not isinstance(found, str):
        raise Wrong(kind_of(column, found, Text("a message or a text", "消息或文本")))
    return messages_of([{"role": "assistant", "content": found}], column)


def first_item(value: object) -> Mapping[str, object]:
    """Return the first message of a cell, or nothing; never raises."""
    try:
        found = json_inside(value, "")
    except Wrong:
        return {}
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, Mapping) else {}


def openai_messages(messages: Sequence[Message], *, thought: str = "reasoning_content") -> list[dict[str, object]]:
    """Return messages with OpenAI's fields; `thought` is the key of what a model thinks."""
    return [_openai(one, thought) for one in messages]


def _openai(message: Message, thought: str) -> dict[str, object]:
    said: dict[str, object] = {"role": message.role, "content": message.content}
    if message.thinking:
        said[thought] = message.thinking
    if message.calls:
        said["content"] = message.content or None
        said["tool_calls"] = [_openai_call(call) for call in message.calls]
    if message.call_id:
        said["tool_call_id"] = message.call_id
    if message.name:
        said["name"] = message.name
    if message.weight is not None:
        said["weight"] = int(message.weight) if message.weight in (0, 1) else message.weight
    return said


def _openai_call(call: ToolCall) -> dict[str, object]:
    named = {"id": call.id} if call.id else {}
    return {**named, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def arguments_of(call: ToolCall) -> object:
    """Return the arguments of a call as an object."""
    try:
        return STRICT.decode(call.arguments or "{}")
    except (ValueError, RecursionError):
        raise Wrong(Text(f"the arguments of '{call.name}' are no JSON", f"'{call.name}' 的参数不是合法 JSON")) from None


def sharegpt_messages(messages: Sequence[Message]) -> list[dict[str, object]]:
    """Return messages as ShareGPT writes them: calls of tools are JSON in the words of a function_call."""
    return [_sharegpt(one) for one in messages]


def _sharegpt(message: Message) -> dict[str, object]:
    if message.calls:
        calls = [{"name": call.name, "arguments": arguments_of(call)} for call in message.calls]
        words = written_json(calls[0] if len(calls) == 1 else calls)
        return {"from": "function_call", "value": with_thought(replace(message, content=words))}
    return {"from": SHAREGPT_ROLES[message.role], "value": with_thought(message)}


def split_system(messages: Sequence[Message]) -> tuple[str, tuple[Message, ...]]:
    """Return the system text at the start, and the messages behind it."""
    if messages and messages[0].role == "system":
        return messages[0].content, tuple(messages[1:])
    return "", tuple(messages)


def tools_as_objects(tools: Sequence[str]) -> list[object]:
    """Return the schemas of tools as objects."""
    try:
        return [STRICT.decode(tool) for tool in tools]
    except (ValueError, RecursionError):
        raise Wrong(Text("the schema of a tool is no JSON", "工具定义不是合法 JSON")) from None


def roles_in(fields: Fields, column: str) -> list[Mapping[str, object]]:
    """Return the messages in a column when they have a role, none of them otherwise; never raises."""
    try:
        found = json_inside(fields.get(column), column)
    except Wrong:
        return []
    items = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return items if items and "role" in items[0] else []


def prompt_in(fields: Fields, column: str) -> tuple[Message, ...]:
    """Return what leads to an answer: one question as a text, or messages; a system column comes before it."""
    found = json_inside_list(fields.get(column), column)
    if isinstance(found, list):
        return talk_in({**fields, column: found}, column) if "system" in fields else messages_of(found, column)
    system = system_in(fields)
    before = (Message("system", system),) if system.strip() else ()
    return (*before, Message("user", needed(fields, column)))


def told_in(fields: Fields, column: str) -> tuple[Message, ...]:
    """Return an answer: a text, one message or several."""
    found = json_inside_list(fields.get(column), column)
    if isinstance(found, (list, Mapping)):
        return one_message(found, column)
    return (answered(needed_words(fields, column)),)


def json_inside_list(value: object, column: str) -> object:
    """Return a cell that holds messages as JSON text as what it holds; every other text stays a text."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[{", "[ {", "[\n")):
        return value
    try:
        found = json_inside(value, column)
    except Wrong:
        return value
    items = found if isinstance(found, list) else []
    talk = bool(items) and all(isinstance(one, Mapping) and ("role" in one or "from" in one) for one in items)
    return found if talk else value
