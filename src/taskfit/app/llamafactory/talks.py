"""Rows of conversations (sharegpt and openai forms) become turns, or the reason why they cannot."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from taskfit.app.llamafactory.dataset_info import Entry
from taskfit.app.llamafactory.roles import Roles
from taskfit.core.example import Example, Message, Origin, ToolCall
from taskfit.core.files import to_json
from taskfit.core.text import Text
from taskfit.data.message import thought_and_words
from taskfit.data.wrong import Wrong

ASKING, ANSWERING = ("user", "tool"), ("assistant", "call")
CALL_MARKS = re.compile(r"^\s*<tool_call>\s*(.*?)\s*</tool_call>\s*$", re.DOTALL)
THOUGHT = re.compile(r"^\s*<think>.*?</think>\s*", re.DOTALL)


@dataclass(frozen=True)
class Turn:
    """One turn: who speaks (user, tool, assistant, system, or call: the assistant asks for tools), and what."""

    role: str
    content: str
    calls: tuple[Mapping[str, Any], ...] = ()
    weight: float | None = None


@dataclass(frozen=True)
class Talk:
    """A whole conversation, with the tools that the assistant may ask for."""

    turns: tuple[Turn, ...]
    tools: tuple[Mapping[str, Any], ...] = field(default=())


def talk_of(fields: Mapping[str, object], entry: Entry, roles: Roles) -> Talk:
    """Return the conversation in a row; raise Wrong when it is none that can be learned from."""
    column = roles.of("messages")
    assert column is not None
    value = fields.get(column)
    if not isinstance(value, list) or not value:
        raise Wrong(Text(f"'{column}' is no list of messages", f"'{column}' 不是消息列表"))
    turns = [_turn(one, number, entry) for number, one in enumerate(value, 1)]
    turns = _joined(turns) if entry.formatting == "openai" else turns
    system = _text(fields, roles.of("system"))
    if turns[0].role != "system" and system:
        turns = [Turn("system", system), *turns]
    _check_order(turns[1:] if turns[0].role == "system" else turns)
    return Talk(tuple(turns), _tools(fields, roles.of("tools")))


def _turn(value: object, number: int, entry: Entry) -> Turn:
    if not isinstance(value, Mapping):
        raise Wrong(Text(f"message {number} is no object", f"第 {number} 条消息不是对象"))
    role_key, content_key = entry.tag("role_tag"), entry.tag("content_tag")
    said = value.get(role_key)
    names = {
        entry.tag("user_tag"): "user",
        entry.tag("assistant_tag"): "assistant",
        entry.tag("observation_tag"): "tool",
        entry.tag("function_tag"): "call",
        entry.tag("system_tag"): "system",
    }
    role = names.get(str(said))
    if role is None or (role == "system" and number != 1):
        listed = ", ".join(names)
        raise Wrong(
            Text(
                f"message {number} has the role {said!r} ('{role_key}'); known: {listed}",
                f"第 {number} 条消息的角色为 {said!r}（'{role_key}'）；可用：{listed}",
            )
        )
    weight = value.get("loss_weight")
    weighed = float(str(weight)) if isinstance(weight, (str, int, float)) and str(weight) else None
    content = _content(value.get(content_key), content_key, number)
    asked = value.get("tool_calls")
    if asked:
        return Turn("call", content, _calls(asked, number), weighed)
    if role == "call":
        return _call(content, number, weighed)
    return Turn(role, content, (), weighed)


def _content(value: object, key: str, number: int) -> str:
    """Return the text of a message; parts (`[{"type": "text", ...}]`) are put together."""
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list) and all(isinstance(part, Mapping) for part in value):
        parts = []
        for part in value:
            kind = part.get("type")
            text = part.get("value", part.get("text"))
            if kind not in ("text", "reasoning") or not isinstance(text, str):
                raise Wrong(
                    Text(
                        f"message {number} has a part of the type {kind!r}",
                        f"第 {number} 条消息含有 {kind!r} 类型的内容",
                    )
                )
            parts.append(f"<think>\n{text}\n</think>\n\n" if kind == "reasoning" else str(text))
        return "".join(parts)
    raise Wrong(Text(f"'{key}' of message {number} is no text", f"第 {number} 条消息的 '{key}' 不是文本"))


def _call(content: str, number: int, weight: float | None) -> Turn:
    """Return the turn of a function message: JSON of one call or of several, maybe behind a thought or inside marks."""
    thought = THOUGHT.match(content)
    rest = content[thought.end() :] if thought else content
    marked = CALL_MARKS.match(rest)
    try:
        value = json.loads(marked[1] if marked else rest)
    except (ValueError, RecursionError) as problem:
        raise Wrong(
            Text(
                f"the tool call in message {number} is no JSON: {problem}",
                f"第 {number} 条消息的工具调用不是 JSON：{problem}",
            )
        ) from None
    return Turn("call", thought[0].strip() if thought else "", _calls(value, number), weight)


def _calls(value: object, number: int) -> tuple[Mapping[str, Any], ...]:
    calls = value if isinstance(value, list) else [value]
    found = []
    for call in calls:
        one = call.get("function", call) if isinstance(call, Mapping) else None
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            raise Wrong(
                Text(f"the tool call in message {number} has no 'name'", f"第 {number} 条消息的工具调用没有 'name'")
            )
        found.append({"name": one["name"], "arguments": _arguments(one.get("arguments", {}), number)})
    return tuple(found)


def _arguments(value: object, number: int) -> Mapping[str, Any]:
    """Return arguments as an object, also when they are JSON inside a text (as OpenAI's interface has them)."""
    if isinstance(value, str):
        try:
            value = json.loads(value or "{}")
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, Mapping):
        raise Wrong(
            Text(
                f"the arguments of the call in message {number} are no object", f"第 {number} 条消息的调用参数不是对象"
            )
        )
    return dict(_plain(value))


def _plain(value: Any) -> Any:
    """Return a value of the strict reader as plain JSON: numbers that kept their digits become numbers."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, str) and type(value) is not str:
        return json.loads(value)
    return value


def _joined(turns: Sequence[Turn]) -> list[Turn]:
    """Join results of tools that follow each other: they answer one message with several calls."""
    result: list[Turn] = []
    for turn in turns:
        if result and turn.role == "tool" and result[-1].role == "tool":
            result[-1] = Turn("tool", f"{result[-1].content}\n</tool_response>\n<tool_response>\n{turn.content}")
        else:
            result.append(turn)
    return result


def _check_order(turns: Sequence[Turn]) -> None:
    for number, turn in enumerate(turns, 1):
        wanted = ASKING if number % 2 else ANSWERING
        if turn.role not in wanted:
            raise Wrong(
                Text(
                    f"turn {number} is of the role '{turn.role}'; questions and answers must alternate",
                    f"第 {number} 轮的角色是 '{turn.role}'；提问与回答必须交替",
                )
            )
    if len(turns) < 2 or len(turns) % 2:
        raise Wrong(Text("the conversation does not end with an answer", "对话没有以回答结尾"))
    if not turns[-1].content.strip() and not turns[-1].calls:
        raise Wrong(Text("the last answer is empty", "最后的回答为空"))


def _tools(fields: Mapping[str, object], column: str | None) -> tuple[Mapping[str, Any], ...]:
    value = fields.get(column) if column is not None else None
    if value in (None, "", [], "[]"):
        return ()
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as problem:
            raise Wrong(Text(f"'{column}' is no JSON: {problem}", f"'{column}' 不是 JSON：{problem}")) from None
    value = [value] if isinstance(value, Mapping) else value
    if not isinstance(value, list) or not all(isinstance(tool, Mapping) for tool in value):
        raise Wrong(Text(f"'{column}' is no list of tools", f"'{column}' 不是工具列表"))
    return tuple(_plain(tool) for tool in value)


def _text(fields: Mapping[str, object], column: str | None) -> str:
    value = fields.get(column) if column is not None else None
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong(Text(f"'{column}' is no text", f"'{column}' 不是文本"))
    return str(value)


def example_of_talk(talk: Talk, origin: Origin) -> Example:
    """Return the conversation as an example: its last answer is the target, unless that says more than words."""
    messages = tuple(_message(turn) for turn in talk.turns)
    tools = tuple(to_json(tool, indent=None) for tool in talk.tools)
    if messages[-1].is_plain:
        return Example(str(origin), messages[:-1], messages[-1].content, origin, tools=tools)
    return Example(str(origin), messages, None, origin, tools=tools)


def _message(turn: Turn) -> Message:
    role: Any = "assistant" if turn.role == "call" else turn.role
    thought, words = thought_and_words(turn.content) if role == "assistant" else ("", turn.content)
    calls = tuple(ToolCall(call["name"], to_json(call["arguments"], indent=None)) for call in turn.calls)
    return Message(role, words, thinking=thought, calls=calls, weight=turn.weight)
