"""The sandbox in which chat templates are rendered; its `main` is what the limited child does that tries one out."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from taskfit.core.sandbox import limit, reaches_outside, sandboxed

CPU_SECONDS = 3
LONGEST_TEXT = 200_000


class GenerationTag(Extension):
    """The tag `{% generation %}`, with which templates mark what the assistant says: rendered as if it were not there."""

    tags = {"generation"}  # noqa: RUF012 - declared so by Jinja

    def parse(self, parser: Parser) -> nodes.Node:
        """Turn the block into a call, which gives its inside a scope of its own (as transformers does)."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_inside"), [], [], body).set_lineno(line)

    def _inside(self, caller: Macro) -> str:
        return str(caller())


def environment() -> ImmutableSandboxedEnvironment:
    """Return the environment of chat templates, with the helpers that transformers offers them."""
    made = sandboxed(trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, loopcontrols])
    made.globals["strftime_now"] = _strftime_now
    return made


@lru_cache(maxsize=64)
def compiled(source: str) -> jinja2.Template:
    """Return the template in `source`, ready to render. Compiling folds constants, so only for checked sources."""
    return environment().from_string(source)


def render(
    source: str,
    variables: Mapping[str, str],
    talk: Sequence[Mapping[str, Any]],
    *,
    answer_next: bool,
    tools: Sequence[Any] | None = None,
) -> str:
    """Return the conversation `talk` as the template writes it; `tools` are schemas."""
    values: dict[str, Any] = {"documents": None, **variables, "tools": None if tools is None else list(tools)}
    messages = [dict(message) for message in talk]
    return compiled(source).render(messages=messages, add_generation_prompt=answer_next, **values)


def _strftime_now(layout: str) -> str:
    return datetime.now().strftime(layout)


def _try_out(order: Mapping[str, Any]) -> dict[str, Any]:
    outside = reaches_outside(order["source"], environment())
    if outside:
        return {"refused": outside}
    texts: dict[str, Any] = {}
    for name, talk in order["talks"].items():
        try:
            text = render(
                order["source"],
                order["variables"],
                talk["messages"],
                answer_next=talk["answer_next"],
                tools=talk.get("tools"),
            )
        except (jinja2.exceptions.SecurityError, MemoryError, RecursionError, OverflowError) as problem:
            return {"refused": _named(problem)}
        except Exception as problem:  # noqa: BLE001 - a foreign template may raise anything; the parent judges it
            texts[name] = {"error": _named(problem)}
            continue
        if len(text) > LONGEST_TEXT:
            return {"refused": f"it writes {len(text)} characters for a short talk"}
        texts[name] = {"text": text}
    return {"texts": texts}


def _named(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"[:300]


def main() -> None:
    """Read an order from standard input, try the template out under limits, write what came of it."""
    order = json.load(sys.stdin)
    limit(CPU_SECONDS)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        found = _try_out(order)
    except (MemoryError, RecursionError, OverflowError) as problem:
        found = {"refused": _named(problem)}
    json.dump(found, sys.stdout)
