"""From what stands around each turn (templates.json) to the text of a Jinja chat template, for our one renderer.

The variables are those of Hugging Face chat templates: messages, tools, add_generation_prompt, bos_token, eos_token.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

DEFAULTS = {
    "prefix": "",
    "system": "{{content}}",
    "user": "{{content}}",
    "assistant": "{{content}}{{eos}}",
    "tool_format": "default",
}
THOUGHT = ("<think>\n", "\n</think>\n\n")
TOOL_FORMATS = ("default", "qwen", "mistral")

_SLOT = re.compile(r"\{\{(content|bos|eos)\}\}")

# What a tool call is, and what tells the model which tools there are, by tool format.
_CALLS = {
    "default": """\
{%- for call in message.tool_calls -%}
{%- set asked = call.function -%}
{%- set body.text = body.text ~ ('' if loop.first else '\\n') ~ 'Action: ' ~ asked.name ~ '\\nAction Input: ' ~
    (asked.arguments if asked.arguments is string else asked.arguments | tojson) -%}
{%- endfor -%}""",
    "qwen": """\
{%- for call in message.tool_calls -%}
{%- set asked = call.function -%}
{%- set body.text = body.text ~ ('' if loop.first else '\\n') ~ '<tool_call>\\n{"name": ' ~ asked.name | tojson ~
    ', "arguments": ' ~ (asked.arguments if asked.arguments is string else asked.arguments | tojson) ~
    '}\\n</tool_call>' -%}
{%- endfor -%}""",
    "mistral": """\
{%- set body.text = body.text ~ '[' -%}
{%- for call in message.tool_calls -%}
{%- set asked = call.function -%}
{%- set body.text = body.text ~ ('' if loop.first else ', ') ~ '{"name": ' ~ asked.name | tojson ~
    ', "arguments": ' ~ (asked.arguments if asked.arguments is string else asked.arguments | tojson) ~ '}' -%}
{%- endfor -%}
{%- set body.text = body.text ~ ']' -%}""",
}
_TOOLS = {
    "default": """\
{%- set names = namespace(text='') -%}
{%- set head.system = head.system ~ 'You can use these tools:\\n' -%}
{%- for tool in tools -%}
{%- set one = tool.function if tool.type == 'function' else tool -%}
{%- set names.text = names.text ~ ('' if loop.first else ', ') ~ one.name -%}
{%- set head.system = head.system ~ '> Tool Name: ' ~ one.name ~ '\\nTool Description: ' ~ (one.description or '') ~
    '\\nTool Args:\\n' -%}
{%- for name, about in ((one.parameters or {}).properties or {}).items() -%}
{%- set head.system = head.system ~ '  - ' ~ name ~ ' (' ~ (about.type or '') ~
    (', required' if name in (one.parameters.required or []) else '') ~ '): ' ~ (about.description or '') ~ '\\n' -%}
{%- endfor -%}
{%- set head.system = head.system ~ '\\n' -%}
{%- endfor -%}
{%- set head.system = head.system ~ 'To use one, write\\n```\\nAction: tool name (one of [' ~ names.text ~
    '])\\nAction Input: its arguments as a JSON object\\n```\\n' -%}""",
    "qwen": """\
{%- set head.system = head.system ~ '\\n\\n# Tools\\n\\nYou may call one or more functions to assist with the user \
query.\\n\\nYou are provided with function signatures within <tools></tools> XML tags:\\n<tools>' -%}
{%- for tool in tools -%}
{%- set one = tool if tool.type == 'function' else {'type': 'function', 'function': tool} -%}
{%- set head.system = head.system ~ '\\n' ~ one | tojson -%}
{%- endfor -%}
{%- set head.system = head.system ~ '\\n</tools>\\n\\nFor each function call, return a json object with function name \
and arguments within <tool_call></tool_call> XML tags:\\n<tool_call>\\n{"name": <function-name>, "arguments": \
<args-json-object>}\\n</tool_call>' -%}""",
    "mistral": """\
{%- set listed = namespace(text='') -%}
{%- for tool in tools -%}
{%- set one = tool if tool.type == 'function' else {'type': 'function', 'function': tool} -%}
{%- set listed.text = listed.text ~ ('' if loop.first else ', ') ~ one | tojson -%}
{%- endfor -%}
{%- set head.system = head.system ~ '[AVAILABLE_TOOLS] [' ~ listed.text ~ '][/AVAILABLE_TOOLS]' -%}""",
}
_REFUSES_TOOLS = (
    "{{- raise_exception('the tool format of this template is not known; rows with tools cannot be shown') -}}"
)


def jinja_of(spec: Mapping[str, Any], *, without_thoughts: bool = False) -> str:
    """Return the Jinja text of a template description; the parts it leaves out are LLaMA-Factory's defaults.

    With `without_thoughts` an empty thought stands, unlearned, before every answer that has none.
    """
    spec = {**DEFAULTS, **spec}
    format_name = str(spec["tool_format"])
    spec = {"observation": spec["user"], "function": spec["assistant"], **spec}
    folded = spec.get("kind") == "system in user"
    empty = empty_thought(spec) if without_thoughts else ""
    lines = [
        "{%- set eos = eos_token | default('', true) -%}",
        "{%- set bos = bos_token | default('', true) -%}",
        f"{{%- set head = namespace(system={_quote(spec.get('default_system', ''))}, first='') -%}}",
        "{%- set talk = messages -%}",
        "{%- if messages and messages[0].role == 'system' -%}",
        "{%- set talk = messages[1:] -%}",
        "{%- if messages[0].content -%}{%- set head.system = messages[0].content -%}{%- endif -%}",
        "{%- endif -%}",
        "{%- if tools -%}",
        _TOOLS.get(format_name, _REFUSES_TOOLS),
        "{%- endif -%}",
        _write(spec["prefix"]),
        "{%- if head.system -%}",
        f"{{%- set head.first = {_join(spec['system'], 'head.system')} -%}}"
        if folded
        else _write(spec["system"], "head.system"),
        "{%- endif -%}",
        "{%- for message in talk -%}",
        "{%- if message.role == 'user' -%}",
        _write(spec["user"], "(head.first ~ message.content if loop.first else message.content)"),
        "{%- elif message.role == 'tool' -%}",
        _write(spec["observation"], "message.content"),
        "{%- elif message.role == 'assistant' -%}",
        *_answer(spec, format_name, empty),
        "{%- else -%}",
        _write(spec["system"], "message.content"),
        "{%- endif -%}",
        "{%- endfor -%}",
        *_ending(spec, empty),
    ]
    return "\n".join(line for line in lines if line) + "\n"


def empty_thought(spec: Mapping[str, Any]) -> str:
    """Return what a reasoning template writes for an answer without a thought."""
    opening, closing = spec.get("thought_words", THOUGHT)
    return closing if str(spec.get("kind", "")).endswith("closing mark only") else f"{opening}{closing}"


def thinks(spec: Mapping[str, Any]) -> bool:
    """Tell whether this is the template of a model that thinks before it answers."""
    return str(spec.get("kind", "")).startswith("reasoning")


def _answer(spec: Mapping[str, Any], format_name: str, empty: str) -> list[str]:
    opening, closing = spec.get("thought_words", THOUGHT)
    lines = [
        "{%- set body = namespace(text=message.content or '') -%}",
        "{%- if message.reasoning_content -%}",
        f"{{%- set body.text = {_quote(opening)} ~ message.reasoning_content ~ {_quote(closing)} ~ body.text -%}}",
        "{%- endif -%}",
    ]
    if empty:
        lines.append(f"{{%- if {_quote(opening.strip())} not in body.text -%}}{_write(empty)}{{%- endif -%}}")
    calls = _CALLS.get(format_name, _REFUSES_TOOLS)
    if format_name == "qwen":  # a line of its own, as the model's own template has it
        calls = "{%- if body.text -%}{%- set body.text = body.text ~ '\\n' -%}{%- endif -%}\n" + calls
    return [
        *lines,
        "{%- if message.tool_calls -%}",
        calls,
        _write(spec["function"], "body.text"),
        "{%- else -%}",
        _write(spec["assistant"], "body.text"),
        "{%- endif -%}",
    ]


def _ending(spec: Mapping[str, Any], empty: str) -> list[str]:
    lines = []
    if spec.get("efficient_eos"):
        lines = [
            "{%- if talk and talk[-1].role == 'assistant' and not add_generation_prompt -%}",
            "{{- eos -}}",
            "{%- endif -%}",
        ]
    if empty:
        lines += ["{%- if add_generation_prompt -%}", _write(empty), "{%- endif -%}"]
    return lines


def _write(slot: str, content: str = "''") -> str:
    return f"{{{{- {_join(slot, content)} -}}}}" if slot else ""


def _join(slot: str, content: str) -> str:
    """Return the Jinja expression of a slot with `content` (an expression) in its place."""
    names = {"content": content, "bos": "bos", "eos": "eos"}
    parts = _SLOT.split(slot)
    pieces = [names[part] if place % 2 else _quote(part) for place, part in enumerate(parts) if part]
    return " ~ ".join(pieces) or "''"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
