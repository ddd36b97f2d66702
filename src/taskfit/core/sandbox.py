"""Jinja for templates that others wrote: they reach no files and no Python internals; limits for the child that runs them.

Knows only the standard library and Jinja, so that a child starts in a tenth of a second and holds nothing worth stealing.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

MEMORY_BYTES = 512 * 2**20
KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")


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


def sandboxed(**options: Any) -> ImmutableSandboxedEnvironment:
    """Return an environment in which a template changes nothing and sees no internals; `options` are Jinja's."""
    made = ImmutableSandboxedEnvironment(**options)
    made.filters["tojson"] = _tojson
    made.globals["raise_exception"] = _raise_exception
    made.globals["dict"] = SafeDict()
    made.globals["namespace"] = SafeNamespace
    return made


def reaches_outside(source: str, environment: ImmutableSandboxedEnvironment) -> str | None:
    """Return what in `source` has no place in a template (other files, Python's internals), or None."""
    for node in environment.parse(source).find_all(nodes.Node):
        if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
            return f"line {node.lineno}: {type(node).__name__.lower()}"
        for name in _names(node):
            if name.startswith("__"):
                return f"line {node.lineno}: {name[:80]}"
    return None


def limit(cpu_seconds: int) -> None:
    """Limit this process for good: processor time, memory, no files to write."""
    limits = [(resource.RLIMIT_CPU, cpu_seconds), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)]
    if sys.platform != "darwin":  # macOS refuses a limit on the address space
        limits.append((resource.RLIMIT_AS, MEMORY_BYTES))
    for kind, most in limits:
        resource.setrlimit(kind, (most, most))


def more_time(cpu_seconds: int, most: int) -> None:
    """Give this process so many more seconds before the system ends it; never more than `most` altogether."""
    resource.setrlimit(resource.RLIMIT_CPU, (min(most, int(time.process_time()) + cpu_seconds), most))


def child(module: str) -> tuple[list[str], dict[str, str]]:
    """Return the command that runs `main()` of a module of ours in a child, and the environment it gets.

    -I: neither the current folder nor the user's packages take part.
    """
    start = f"import sys; sys.path.insert(0, sys.argv[1]); from {module} import main; main()"
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    return [sys.executable, "-I", "-c", start, str(Path(__file__).resolve().parents[2])], kept


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
        raise SecurityError(f"a namespace cannot hold the name {name!r}")


def _raise_exception(message: str) -> None:
    raise TemplateError(message)


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    # Jinja's own filter escapes HTML, which a prompt is not.
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
