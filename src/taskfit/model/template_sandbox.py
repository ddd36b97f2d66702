"""The sandbox in which chat templates are rendered; run as a script it is the limited child that tries one out.

Knows only the standard library and Jinja, so that the child starts in a tenth of a second and holds nothing worth stealing.
"""

import json
import resource
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
from jinja2.utils import Namespace

CPU_SECONDS = 3
MEMORY_BYTES = 512 * 2**20
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


class SafeNamespace(Namespace):
    """Jinja's namespace without names that begin with an underscore."""

    def __init__(*args: Any, **values: Any) -> None:
        """Take `self` by position, so that a template may have a variable of that name."""
        self, rest = args[0], args[1:]
        names = dict(*rest, **values)
        for name in names:
            _refuse_underscore(name)
        Namespace.__init__(self, names)

    def __setitem__(self, name: str, value: Any) -> None:
        _refuse_underscore(name)
        Namespace.__setitem__(self, name, value)


class SafeDict:
    """What a template sees as `dict`: can make dictionaries and nothing else."""

    def __call__(self, *args: Any, **values: Any) -> dict[Any, Any]:
        """Return a new dictionary."""
        return dict(*args, **values)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """Return a dictionary with the given keys."""
        return dict.fromkeys(*args)


def environment() -> ImmutableSandboxedEnvironment:
    """Return the environment of chat templates, with the helpers that transformers offers them."""
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, loopcontrols])
    made.filters["tojson"] = _tojson
    made.globals["raise_exception"] = _raise_exception
    made.globals["strftime_now"] = _strftime_now
    made.globals["dict"] = SafeDict()
    made.globals["namespace"] = SafeNamespace
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


def reaches_outside(source: str) -> str | None:
    """Return what in `source` has no place in a chat template (other files, Python's internals), or None."""
    for node in environment().parse(source).find_all(nodes.Node):
        if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
            return f"line {node.lineno}: {type(node).__name__.lower()}"
        for name in _names(node):
            if name.startswith("__"):
                return f"line {node.lineno}: {name[:80]}"
    return None


def _names(node: nodes.Node) -> list[str]:
    if isinstance(node, nodes.Getattr):
        return [node.attr]
    if isinstance(node, nodes.Name):
        return [node.name]
    if isinstance(node, nodes.Getitem):
        return _constants([node.arg])
    if isinstance(node, nodes.Filter):
        return _constants([*node.args, *(keyword.value for keyword in node.kwargs)])
    return []


def _constants(found: Sequence[nodes.Node]) -> list[str]:
    return [node.value for node in found if isinstance(node, nodes.Const) and isinstance(node.value, str)]


def _refuse_underscore(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise jinja2.exceptions.SecurityError(f"a namespace cannot hold the name {name!r}")


def _raise_exception(message: str) -> None:
    raise jinja2.exceptions.TemplateError(message)


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    # Jinja's own filter escapes HTML, which a prompt is not.
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _strftime_now(layout: str) -> str:
    return datetime.now().strftime(layout)


def _try_out(order: Mapping[str, Any]) -> dict[str, Any]:
    outside = reaches_outside(order["source"])
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


def _limit() -> None:
    limits = [(resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)]
    if sys.platform != "darwin":  # macOS refuses a limit on the address space
        limits.append((resource.RLIMIT_AS, MEMORY_BYTES))
    for kind, most in limits:
        resource.setrlimit(kind, (most, most))


def main() -> None:
    """Read an order from standard input, try the template out under limits, write what came of it."""
    order = json.load(sys.stdin)
    _limit()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        found = _try_out(order)
    except (MemoryError, RecursionError, OverflowError) as problem:
        found = {"refused": _named(problem)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
