"""Tools, calls and thoughts in chat templates: what a template knows of them, and our own words where it knows nothing.

A model is trained on, and asked with, the same text: both go through `ChatTemplate.render`, which uses this.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jinja2

from taskfit.core.example import Message, ToolCall
from taskfit.core.text import Text
from taskfit.model.template_sandbox import render

THOUGHT_KEYS = ("reasoning_content", "thinking", "reasoning")
THOUGHT_OPEN, THOUGHT_CLOSE = "<think>\n", "\n</think>\n\n"

TOOLS_IN_SYSTEM = Text(
    "the chat template knows no tools: they are described in the system text",
    "对话模板不支持工具定义：工具说明写入 system 文本",
)
CALLS_IN_WORDS = Text(
    "the chat template knows no tool calls: they are written as <tool_call> JSON </tool_call> in the answer",
    "对话模板不支持工具调用：调用以 <tool_call> JSON </tool_call> 写入回答",
)
RESULTS_AS_USER = Text(
    "the chat template knows no tool results: they are written as <tool_response> text in a user turn",
    "对话模板不支持工具结果：结果以 <tool_response> 写入 user 消息",
)
THOUGHT_IN_WORDS = Text(
    "the chat template knows no thoughts: they are written as <think> text before the answer",
    "对话模板不支持思考内容：以 <think> 写在回答之前",
)


@dataclass(frozen=True)
class Knows:
    """What a template can write: tools, calls (and whether it wants their arguments as text), results, thoughts.

    `thought` is the key under which it looks for a thought, or "" when it looks for none.
    """

    tools: bool
    calls: bool
    arguments_as_text: bool
    results: bool
    thought: str


@lru_cache(maxsize=64)
def knowledge(source: str, variables: tuple[tuple[str, str], ...]) -> Knows:
    """Find out what a template knows by letting it write small conversations with marks in them."""

    def writes(talk: Sequence[Mapping[str, Any]], *marks: str, tools: Sequence[Any] | None = None) -> bool:
        try:
            text = render(source, dict(variables), talk, answer_next=False, tools=tools)
        except Exception:  # noqa: BLE001 - a foreign template may raise anything at what it does not know
            return False
        return all(mark in text for mark in marks)

    user = {"role": "user", "content": "Q"}
    asked, asked_in_text = ({"role": "assistant", "content": "", "tool_calls": [_called(a)]} for a in _ARGUMENTS)
    told = {"role": "tool", "content": _RESULT, "name": _NAME, "tool_call_id": _ID}
    as_object, as_text = (writes([user, one], _NAME, _ARGUMENT) for one in (asked, asked_in_text))
    caller = asked if as_object else asked_in_text if as_text else {"role": "assistant", "content": "A"}
    thought = [{"role": "assistant", "content": "A", key: _THOUGHT} for key in THOUGHT_KEYS]
    return Knows(
        tools=writes([user], _NAME, tools=[_TOOL]),
        calls=as_object or as_text,
        arguments_as_text=as_text and not as_object,
        results=writes([user, caller, told], _RESULT),
        thought=next(
            (key for key, one in zip(THOUGHT_KEYS, thought, strict=True) if writes([user, one], _THOUGHT)), ""
        ),
    )


_NAME, _ARGUMENT, _RESULT, _THOUGHT, _ID = "tool_51b7", "argument-c03d", "RESULT-8a42", "THOUGHT-6e19", "call00001"
_ARGUMENTS: tuple[Any, Any] = ({"x": _ARGUMENT}, json.dumps({"x": _ARGUMENT}))
_PARAMETERS = {"type": "object", "properties": {"x": {"type": "string", "description": "an x"}}, "required": ["x"]}
_TOOL = {"type": "function", "function": {"name": _NAME, "description": "does", "parameters": _PARAMETERS}}


def _called(arguments: Any) -> dict[str, Any]:
    return {"id": _ID, "type": "function", "function": {"name": _NAME, "arguments": arguments}}


def probes() -> dict[str, dict[str, Any]]:
    """Return conversations with tools, calls and thoughts, to be tried out in the limited child."""
    user = {"role": "user", "content": "Q"}
    asked = {"role": "assistant", "content": "", "tool_calls": [_called(_ARGUMENTS[0])]}
    told = {"role": "tool", "content": _RESULT, "name": _NAME, "tool_call_id": _ID}
    thought = {"role": "assistant", "content": "A", **dict.fromkeys(THOUGHT_KEYS, _THOUGHT)}
    return {
        "tools": {"messages": [user, asked, told], "answer_next": True, "tools": [_TOOL]},
        "thought": {"messages": [user, thought], "answer_next": False},
    }


def schema_of(tool: str) -> dict[str, Any]:
    """Return the schema of a tool as templates expect it: inside OpenAI's {"type": "function", "function": ...}."""
    found: dict[str, Any] = json.loads(tool)
    return found if "function" in found else {"type": "function", "function": found}


def is_plain(messages: Sequence[Message], tools: Sequence[str]) -> bool:
    """Whether there is nothing here that a template may not know."""
    return not tools and not any(one.thinking or one.calls or one.role == "tool" for one in messages)


def notes(knows: Knows, messages: Sequence[Message], tools: Sequence[str]) -> tuple[Text, ...]:
    """Return what is written in our own words because the template does not know it."""
    cases = (
        (tools and not knows.tools, TOOLS_IN_SYSTEM),
        (not knows.calls and any(one.calls for one in messages), CALLS_IN_WORDS),
        (not knows.results and any(one.role == "tool" for one in messages), RESULTS_AS_USER),
        (not knows.thought and any(one.thinking for one in messages), THOUGHT_IN_WORDS),
    )
    return tuple(note for applies, note in cases if applies)


def in_our_words(knows: Knows, messages: Sequence[Message], tools: Sequence[str]) -> list[Message]:
    """Return the conversation with all that the template does not know turned into plain words."""
    said = [_spoken(knows, message) for message in numbered(messages)]
    if not knows.results:
        said = _results_as_user(said)
    if tools and not knows.tools:
        has_system = bool(said) and said[0].role == "system"
        told = "\n\n".join([said[0].content] * has_system + [tools_text(tools)])
        said = [Message("system", told), *said[has_system:]]
    return said


def tools_text(tools: Sequence[str]) -> str:
    """Return the description of the tools in our own words, for a system text."""
    listed = "\n".join(json.dumps(schema_of(tool)["function"], ensure_ascii=False) for tool in tools)
    return (
        f"You may call these tools:\n<tools>\n{listed}\n</tools>\n"
        'To call one, write:\n<tool_call>\n{"name": "its name", "arguments": {its arguments}}\n</tool_call>'
    )


def calls_text(calls: Sequence[ToolCall]) -> str:
    """Return tool calls in our own words."""
    return "\n".join(
        f'<tool_call>\n{{"name": {json.dumps(call.name, ensure_ascii=False)}, "arguments": {call.arguments}}}\n</tool_call>'
        for call in calls
    )


def with_thought(message: Message) -> str:
    """Return the words of a message with its thought before them."""
    return f"{THOUGHT_OPEN}{message.thinking.strip()}{THOUGHT_CLOSE}{message.content}"


def _spoken(knows: Knows, message: Message) -> Message:
    if message.calls and not knows.calls:
        content = "\n".join(part for part in (message.content, calls_text(message.calls)) if part)
        message = replace(message, content=content, calls=())
    if message.thinking and not knows.thought:
        message = replace(message, content=with_thought(message), thinking="")
    return message


def _results_as_user(messages: Sequence[Message]) -> list[Message]:
    """Turn results into user turns, those that follow each other into one."""
    turned: list[Message] = []
    before = ""
    for message in messages:
        if message.role == "tool":
            text = f"<tool_response>\n{message.content}\n</tool_response>"
            if before == "tool":
                turned[-1] = replace(turned[-1], content=f"{turned[-1].content}\n{text}")
            else:
                turned.append(Message("user", text, weight=message.weight))
        else:
            turned.append(message)
        before = message.role
    return turned


def numbered(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with every call named by an id, and every result by its call's id and its tool's name.

    Ids that are missing are made up: nine characters, as the templates of Mistral want them. A result without an id
    belongs to the next call that has none yet.
    """
    made: list[Message] = []
    count = 0
    waiting: list[ToolCall] = []
    for message in messages:
        if message.calls:
            calls = []
            for call in message.calls:
                count += 1
                calls.append(call if call.id else replace(call, id=f"call{count:05d}"))
            waiting = list(calls)
            message = replace(message, calls=tuple(calls))
        elif message.role == "tool":
            found = next((call for call in waiting if call.id == message.call_id), waiting[0] if waiting else None)
            if found is not None:
                waiting.remove(found)
                message = replace(message, call_id=message.call_id or found.id, name=message.name or found.name)
        made.append(message)
    return made


def short_ids(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with new ids of nine characters, for templates that refuse others."""
    new: dict[str, str] = {}
    for message in messages:
        for call in message.calls:
            new.setdefault(call.id, f"call{len(new) + 1:05d}")
    return [
        replace(
            one,
            calls=tuple(replace(call, id=new[call.id]) for call in one.calls),
            call_id=new.get(one.call_id, one.call_id),
        )
        for one in messages
    ]


def as_objects(messages: Sequence[Message], knows: Knows | None = None) -> list[dict[str, Any]]:
    """Return the messages as templates read them; parts that are absent are no keys."""
    return [_object(message, knows) for message in messages]


def _object(message: Message, knows: Knows | None) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message.role, "content": message.content}
    if knows is None:
        return made
    if message.thinking and knows.thought:
        made[knows.thought] = message.thinking
    if message.calls:
        made["tool_calls"] = [_call(call, as_text=knows.arguments_as_text) for call in message.calls]
    if message.role == "tool":
        made |= {key: value for key, value in (("name", message.name), ("tool_call_id", message.call_id)) if value}
    return made


def _call(call: ToolCall, *, as_text: bool) -> dict[str, Any]:
    arguments = call.arguments if as_text else json.loads(call.arguments)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def render_tools(
    source: str, variables: Mapping[str, str], messages: Sequence[Message], tools: Sequence[str], *, answer_next: bool
) -> str:
    """Return the conversation as the template writes it; `messages` are already in words that it knows."""
    knows = knowledge(source, tuple(sorted(variables.items())))
    schemas = [schema_of(tool) for tool in tools] if tools and knows.tools else None
    try:
        return render(source, variables, as_objects(messages, knows), answer_next=answer_next, tools=schemas)
    except jinja2.TemplateError:
        if not any(message.calls for message in messages):
            raise
    again = as_objects(short_ids(messages), knows)
    return render(source, variables, again, answer_next=answer_next, tools=schemas)
