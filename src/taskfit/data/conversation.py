"""Conversations: lists of messages in the public dialects become messages of ours, or the reason why they cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.blocks import unblocked
from taskfit.data.json_text import STRICT, TOO_DEEP, Refused, written_json
from taskfit.data.message import message_of
from taskfit.data.wrong import Wrong, kind_of, whole_text

ANSWERERS = ("assistant", "bot", "chatgpt")


def conversation_of(value: object, column: str) -> tuple[Message, ...]:
    """Return the messages in the cell `column` of a row, in an order that can be learned; raise Wrong otherwise."""
    return check_order(messages_of(value, column))


def messages_of(value: object, column: str) -> tuple[Message, ...]:
    """Return the messages in the cell `column` of a row, in whatever order; raise Wrong when one cannot be read."""
    items = json_inside(value, column)
    if not isinstance(items, list):
        raise Wrong(kind_of(column, items, Text("a list of messages", "消息列表")))
    if not items:
        raise Wrong(Text(f"'{column}' holds no message", f"'{column}' 中没有任何消息"))
    messages = [message for number, item in enumerate(items, 1) for message in _messages(item, number)]
    return tuple(_joined(messages))


def tools_of(value: object, column: str) -> tuple[str, ...]:
    """Return the schemas of the tools in a cell, each as JSON text; raise Wrong when they are none."""
    found = json_inside(value, column)
    if found is None or found in ("", []):
        return ()
    tools = [found] if isinstance(found, Mapping) else found
    if not isinstance(tools, list):
        raise Wrong(kind_of(column, found, Text("a list of tools", "工具列表")))
    return tuple(_tool(tool, number, column) for number, tool in enumerate(tools, 1))


def check_calls(messages: Sequence[Message], tools: Sequence[str]) -> None:
    """Raise Wrong when a tool is called that is not among the `tools` of the row: it would be learned out of thin air."""
    known = {name_of_tool(STRICT.decode(tool)) for tool in tools}
    for message in messages:
        for call in message.calls:
            if call.name not in known:
                raise Wrong(
                    Text(
                        f"the tool '{call.name}' is called but not defined: not supported",
                        f"调用了未定义的工具 '{call.name}'：不支持",
                    )
                )


def name_of_tool(tool: object) -> str | None:
    """Return the name in the schema of a tool (bare, or inside OpenAI's `function`), or None."""
    inner = tool.get("function", tool) if isinstance(tool, Mapping) else None
    name = inner.get("name") if isinstance(inner, Mapping) else None
    return str(name) if isinstance(name, str) and name else None


def json_inside(value: object, column: str) -> object:
    """Return a cell that holds JSON as text as what it holds; every other cell as it is."""
    if not isinstance(value, str) or not value.strip().startswith(("[", "{")):
        return value
    try:
        return STRICT.decode(value.strip())
    except (Refused, ValueError, RecursionError) as problem:
        why = TOO_DEEP if isinstance(problem, RecursionError) else Text(str(problem), str(problem))
        raise Wrong(Text(f"'{column}' is no JSON: {why.en}", f"'{column}' 不是合法 JSON：{why.zh}")) from None


def _tool(tool: object, number: int, column: str) -> str:
    if name_of_tool(tool) is None:
        raise Wrong(Text(f"tool {number} in '{column}' has no name", f"'{column}' 中第 {number} 个工具没有名称"))
    return written_json(tool)


def _messages(item: object, number: int) -> list[Message]:
    if not isinstance(item, Mapping):
        what = kind_of(f"message {number}", item, Text("an object", "对象"))
        raise Wrong(Text(what.en.replace("'", ""), f"第 {number} 条消息不是对象"))
    if "role" not in item and "from" not in item:
        return _pair(item, number)
    return [message_of(one, number) for one in unblocked(item)]


def _pair(item: Mapping[str, object], number: int) -> list[Message]:
    """Return the two messages of a turn that is written as {human: ..., assistant: ...}."""
    asked = next((name for name in ("human", "user") if name in item), None)
    told = next((name for name in (*ANSWERERS, "gpt") if name in item), None)
    if asked is None or told is None:
        keys = ", ".join(map(str, item)) or "-"
        raise Wrong(
            Text(
                f"message {number} says neither 'role' nor 'from' (its keys: {keys})",
                f"第 {number} 条消息没有 'role' 或 'from'（现有的键：{keys}）",
            )
        )
    return [
        Message("user", whole_text(asked, _text(item[asked], asked))),
        Message("assistant", whole_text(told, _text(item[told], told))),
    ]


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise Wrong(kind_of(name, value, Text("a text", "文本")))
    return value


def _joined(messages: Sequence[Message]) -> list[Message]:
    """Put calls that follow each other into one message: several tools asked at once."""
    result: list[Message] = []
    for message in messages:
        last = result[-1] if result else None
        if last is not None and _only_calls(last) and _only_calls(message) and last.weight == message.weight:
            result[-1] = replace(last, calls=(*last.calls, *message.calls))
        else:
            result.append(message)
    return result


def _only_calls(message: Message) -> bool:
    return bool(message.calls) and not message.content.strip() and not message.thinking


def check_order(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the messages when who speaks when makes sense and the last one answers; raise Wrong otherwise."""
    before: Message | None = None
    for number, message in enumerate(messages, 1):
        if problem := _out_of_order(message, before):
            raise Wrong(Text(f"message {number}: {problem.en}", f"第 {number} 条消息：{problem.zh}"))
        before = message
    if before is None or before.role != "assistant":
        raise Wrong(Text("the conversation does not end with an answer", "对话没有以回答结尾"))
    return tuple(messages)


def _out_of_order(message: Message, before: Message | None) -> Text | None:
    """Return why `message` may not follow `before` (None: it is the first), or None when it may."""
    role = before.role if before is not None else None
    called = before is not None and bool(before.calls)
    if message.role == "system":
        return None if before is None else Text("'system' may only come first", "'system' 只能在最前")
    if message.role == "user":
        if called:
            return Text("a tool was called, its result is missing", "调用了工具但缺少其结果")
        problems = {
            "user": Text("two questions in a row", "连续两个提问"),
            "tool": Text(
                "a question where the answer to a tool's result is expected", "工具结果之后应是回答，却是提问"
            ),
        }
        return problems.get(role or "")
    if message.role == "tool":
        return None if called or role == "tool" else Text("a tool's result without a call", "有工具结果却没有调用")
    if role in (None, "system"):
        return Text("an answer before any question", "回答出现在任何提问之前")
    if called:
        return Text("a tool was called, its result is missing", "调用了工具但缺少其结果")
    return Text("two answers in a row", "连续两个回答") if role == "assistant" else None
