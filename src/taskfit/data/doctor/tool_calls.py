"""Tool calls that no model should learn: unknown tools, arguments that are no JSON or do not fit, calls without result."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, talks_of, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally
from taskfit.data.record import Record

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


@dataclass(frozen=True)
class ToolCalls(RowCheck):
    """Calls of tools against the tools that are declared, and results against the calls."""

    title: ClassVar[Text] = Text("tool calls and their results", "工具调用与结果")
    block: float = threshold(
        0.01, "share of rows with tools above which a broken call blocks", "含工具的行中出错比例超过此值时阻止训练"
    )

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of rows that hold tools or calls."""
        return {"rows": sum(_has_tools(record) for record in chunk.records)}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield each cause once a row, with the call."""
        for row, record in enumerate(chunk.records):
            if _has_tools(record):
                found = {name: words for talk in talks_of(record) for name, words in _wrong_in(talk, record.tools)}
                for name, words in sorted(found.items()):
                    yield name, row, words

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield one finding a cause."""
        above = percent(self.block)
        en, zh = f"; above {above} of the rows with tools it blocks", f"；在含工具的行中超过 {above} 时阻止训练"
        for name, (what, rule) in CAUSES.items():
            blocks = name in BLOCKING
            told = Text(rule.en + en, rule.zh + zh) if blocks else Text(f"{rule.en}; any warns", f"{rule.zh}；有即警告")
            limit = self.block if blocks else float("inf")
            yield from Telling(what, told, block=limit, fix=part.drop(name), effort=REVIEW).of(part, name)


BLOCKING = ("tools_unreadable", "tool_unknown", "arguments_no_json", "arguments_unfit")
CAUSES = {
    "tools_unreadable": (
        Text("tool schemas that cannot be read", "无法读取的工具定义"),
        Text("a tool is no JSON object with a name", "工具定义不是带名称的 JSON 对象"),
    ),
    "tool_unknown": (
        Text("calls of tools that are not declared", "调用了未声明的工具"),
        Text("the name of a call is none of the row's tools", "调用的名称不在该行的工具中"),
    ),
    "arguments_no_json": (
        Text("arguments that are no JSON object", "参数不是 JSON 对象"),
        Text("the arguments of a call do not parse as a JSON object", "调用参数无法解析为 JSON 对象"),
    ),
    "arguments_unfit": (
        Text("arguments that do not fit the tool", "参数与工具定义不符"),
        Text(
            "a required argument is missing, an unknown one given, or one has another type than declared",
            "缺少必填参数、给出未声明的参数，或类型与声明不同",
        ),
    ),
    "result_without_call": (
        Text("results without a call", "没有对应调用的结果"),
        Text(
            "a tool speaks where no call waits for it, or names an unknown call",
            "工具结果前没有调用，或引用了未知的调用",
        ),
    ),
    "call_without_result": (
        Text("calls that nobody answers", "没有结果的调用"),
        Text("after a call the user or the assistant speaks before a result", "调用之后未出现结果就继续对话"),
    ),
}


def _has_tools(record: Record) -> bool:
    return bool(record.tools) or any(one.calls or one.role == "tool" for talk in talks_of(record) for one in talk)


def _wrong_in(talk: tuple[Message, ...], tools: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    known = [_schema(tool) for tool in tools]
    for text, schema in zip(tools, known, strict=True):
        if schema is None:
            yield "tools_unreadable", text
    declared = {str(schema["name"]): schema for schema in known if schema is not None}
    for message in talk:
        for call in message.calls:
            said = f"{call.name}({call.arguments})"
            if tools and call.name not in declared:
                yield "tool_unknown", said
            given = _arguments(call.arguments)
            if given is None:
                yield "arguments_no_json", said
            elif call.name in declared and not _fits(given, declared[call.name]):
                yield "arguments_unfit", said
    yield from _unpaired(talk)


def _unpaired(talk: tuple[Message, ...]) -> Iterator[tuple[str, str]]:
    """Yield calls and results that do not belong together; one result may stand for all calls of a message."""
    waiting: tuple[str, ...] | None = None
    for message in talk:
        if message.role == "tool":
            if waiting is None or (message.call_id and any(waiting) and message.call_id not in waiting):
                yield "result_without_call", message.content
        elif waiting is not None and message.role != "system":
            after_result = waiting == ()
            if not after_result:
                yield "call_without_result", message.content
        waiting = _after(message, waiting)


def _after(message: Message, waiting: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the ids of the calls that wait for a result; () once the results have begun, None when none was called."""
    if message.calls:
        return tuple(call.id for call in message.calls) or None
    if message.role == "tool":
        known = bool(message.call_id) and message.call_id in (waiting or ())
        return tuple(one for one in waiting or () if one and one != message.call_id) if known else ()
    return None


@lru_cache(maxsize=4096)
def _schema(text: str) -> dict[str, Any] | None:
    """Return the function of a tool's schema, or None when it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    inner = found.get("function", found) if isinstance(found, dict) else None
    return inner if isinstance(inner, dict) and isinstance(inner.get("name"), str) else None


def _arguments(text: str) -> dict[str, Any] | None:
    try:
        given = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _fits(given: dict[str, Any], schema: dict[str, Any]) -> bool:
    declared = schema.get("parameters")
    if not isinstance(declared, dict):
        return True
    properties = declared.get("properties")
    if not isinstance(properties, dict):
        return True
    required = declared.get("required")
    if isinstance(required, list) and any(name not in given for name in required):
        return False
    if properties and any(name not in properties for name in given) and not declared.get("additionalProperties"):
        return False
    return all(_is_of(value, properties.get(name)) for name, value in given.items())


def _is_of(value: object, declared: object) -> bool:
    kind = declared.get("type") if isinstance(declared, dict) else None
    names = [one for one in (kind if isinstance(kind, list) else [kind]) if isinstance(one, str)]
    if not names or any(name not in TYPES for name in names):
        return True
    if isinstance(value, bool):
        return "boolean" in names
    return isinstance(value, tuple(one for name in names for one in TYPES[name]))
