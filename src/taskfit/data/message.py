"""One message in the dialects of OpenAI and ShareGPT: who speaks, the words, the thought, the tool calls, the weight."""

import math
import re
from collections.abc import Mapping, Sequence

from taskfit.core.example import Message, Role, ToolCall
from taskfit.core.text import Text
from taskfit.data.json_text import STRICT, Refused, written_json
from taskfit.data.rows import Written
from taskfit.data.wrong import Wrong, kind_of, whole_text

ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bard", "bing", "model", "bot"), "assistant"),
    **dict.fromkeys(("tool", "observation", "tool_response", "function", "ipython"), "tool"),
    **dict.fromkeys(("function_call", "tool_call"), "assistant"),
}
CALLERS = ("function_call", "tool_call")
CONTENTS, THOUGHTS = ("content", "value", "text"), ("reasoning_content", "reasoning", "thinking")
WEIGHTS = ("weight", "loss_weight", "loss", "loss_scale", "train")
CALL_MARKS = re.compile(r"\s*<tool_call>\s*(.*?)\s*</tool_call>\s*", re.DOTALL)
A_TEXT = Text("a text", "文本")


def message_of(item: Mapping[str, object], number: int) -> Message:
    """Return the `number`-th message of a conversation; raise Wrong with what is the matter with it."""
    try:
        return _message(item)
    except Wrong as wrong:
        reason = wrong.reason
        raise Wrong(Text(f"message {number}: {reason.en}", f"第 {number} 条消息：{reason.zh}")) from None


def thought_and_words(text: str) -> tuple[str, str]:
    """Return the thought at the start of an answer (`<think>...</think>`, the first mark may be missing) and the rest."""
    opened = text.lstrip().startswith("<think>")
    if not opened and ("</think>" not in text or "<think>" in text):
        return "", text
    inner, closed, words = text.lstrip().removeprefix("<think>").partition("</think>")
    if not closed:
        raise Wrong(Text("a thought that is not closed (</think>)", "思考未闭合（缺少 </think>）"))
    return inner.strip("\n"), words.lstrip("\n")


def _message(item: Mapping[str, object]) -> Message:
    said = str(item.get("role", item.get("from")))
    role = ROLES.get(said)
    if role is None:
        known = ", ".join(ROLES)
        raise Wrong(Text(f"the role '{said}' is not known; known: {known}", f"未知的角色 '{said}'；可用：{known}"))
    words, thought = _words_and_thought(item, role)
    calls = _calls(item)
    if said in CALLERS:
        calls, words = (*calls, *_calls_in_words(words)), ""
    if not words.strip() and not calls and role != "tool":
        _refuse_empty(role)
    is_tool = role == "tool"
    return Message(
        role,
        words,
        thinking=thought,
        calls=calls,
        name=_optional(item, "name") if is_tool else "",
        call_id=_optional(item, "tool_call_id") if is_tool else "",
        weight=_weight(item),
    )


def _words_and_thought(item: Mapping[str, object], role: Role) -> tuple[str, str]:
    key = next((one for one in CONTENTS if one in item), None)
    value = item.get(key) if key is not None else None
    if value is None and not (item.get("tool_calls") or item.get("function_call")):
        raise Wrong(Text(f"'{key or 'content'}' is null", f"'{key or 'content'}' 为空（null）"))
    words, parts = _parts(value, key or "content")
    thoughts = [_optional(item, name) for name in THOUGHTS]
    thoughts = [one for one in (*thoughts, parts) if one.strip()]
    if role == "assistant":
        inline, words = thought_and_words(words)
        thoughts += [inline] if inline.strip() else []
    if len(thoughts) > 1:
        raise Wrong(Text("the thought stands there twice", "思考内容出现了两次"))
    return words, thoughts[0] if thoughts else ""


def _parts(value: object, key: str) -> tuple[str, str]:
    """Return the words and the thought in the content of a message: a text, nothing, or parts of the type text."""
    if value is None:
        return "", ""
    if isinstance(value, str) and not isinstance(value, Written):
        return whole_text(key, value), ""
    if not isinstance(value, list):
        raise Wrong(kind_of(key, value, A_TEXT))
    words: list[str] = []
    thoughts: list[str] = []
    for part in value:
        kind = part.get("type") if isinstance(part, Mapping) else None
        text = part.get("text", part.get("value")) if isinstance(part, Mapping) else None
        if kind not in ("text", "reasoning", "thinking"):
            raise Wrong(Text(f"a part of the type '{kind}': not supported", f"含有 '{kind}' 类型的内容：不支持"))
        text = part.get("thinking", text) if kind == "thinking" else text
        if not isinstance(text, str):
            raise Wrong(kind_of(key, text, A_TEXT))
        (words if kind == "text" else thoughts).append(whole_text(key, text))
    return "".join(words), "\n".join(thoughts)


def _refuse_empty(role: Role) -> None:
    if role == "assistant":
        raise Wrong(Text("an empty answer", "回答为空"))
    raise Wrong(Text(f"an empty message of the role '{role}'", f"角色 '{role}' 的消息为空"))


def _calls(item: Mapping[str, object]) -> tuple[ToolCall, ...]:
    """Return the calls in OpenAI's `tool_calls`, or in its older `function_call`."""
    asked = item.get("tool_calls") or ([item["function_call"]] if item.get("function_call") else [])
    if not isinstance(asked, list):
        raise Wrong(kind_of("tool_calls", asked, Text("a list", "列表")))
    return tuple(_call(one) for one in asked)


def _calls_in_words(words: str) -> tuple[ToolCall, ...]:
    """Return the calls that a message of the role function_call holds as JSON: one, a list, or inside marks."""
    marked = CALL_MARKS.findall(words)
    found: list[ToolCall] = []
    for text in marked or [words]:
        try:
            value = STRICT.decode(text.strip())
        except (Refused, ValueError, RecursionError):
            raise Wrong(Text("the tool call is no JSON", "工具调用不是合法 JSON")) from None
        found += [_call(one) for one in (value if isinstance(value, list) else [value])]
    return tuple(found)


def _call(value: object) -> ToolCall:
    inner = value.get("function", value) if isinstance(value, Mapping) else None
    name = inner.get("name") if isinstance(inner, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(name, str) or not name:
        raise Wrong(Text("a tool call without a name", "工具调用没有名称"))
    identity = value.get("id") if isinstance(value, Mapping) else None
    return ToolCall(name, _arguments(inner, name), str(identity or ""))


def _arguments(inner: Mapping[str, object], name: str) -> str:
    value = inner.get("arguments", inner.get("parameters", {}))
    if isinstance(value, str) and not isinstance(value, Written):
        try:
            value = STRICT.decode(value.strip() or "{}")
        except (Refused, ValueError, RecursionError):
            value = None
    if not isinstance(value, Mapping):
        raise Wrong(Text(f"the arguments of '{name}' are no JSON object", f"'{name}' 的参数不是 JSON 对象"))
    return written_json(value)


def _optional(item: Mapping[str, object], name: str) -> str:
    value = item.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong(kind_of(name, value, A_TEXT))
    return whole_text(name, value)


def _weight(item: Mapping[str, object]) -> float | None:
    """Return the share in the loss that the message asks for; None when it says nothing."""
    found = {name: _number(name, item[name]) for name in WEIGHTS if item.get(name) is not None}
    if len(set(found.values())) > 1:
        said = ", ".join(found)
        raise Wrong(Text(f"{said} contradict each other", f"{said} 互相矛盾"))
    return next(iter(found.values()), None)


def _number(name: str, value: object) -> float:
    if isinstance(value, (bool, int, float, Written)) and 0 <= float(value) < math.inf:
        return float(value)
    raise Wrong(
        Text(f"'{name}' must be true, false or a number of at least 0", f"'{name}' 应为 true、false 或不小于 0 的数")
    )


def last_answer(messages: Sequence[Message]) -> str | None:
    """Return the last answer when it is only words that count as any other; None when it says more."""
    last = messages[-1]
    plain = not (last.thinking or last.calls) and last.weight in (None, 1.0)
    return last.content if last.role == "assistant" and plain else None
