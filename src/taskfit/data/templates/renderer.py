"""What the limited child does: render foreign templates, row by row; it answers each row with a line, or dies of it."""

import json
import sys
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from taskfit.core.sandbox import limit, more_time, reaches_outside, sandboxed

CPU_SECONDS = 3
MOST_SECONDS = 3600
LONGEST_TEXT = 2_000_000
BETWEEN = "|||"
GUARD = "\ue0f7\ue0f8\ue0f9"  # stands for ||| in the words of a row
DRAW = "draw_of_row"


def environment() -> ImmutableSandboxedEnvironment:
    """Return the environment, with the helpers that PromptSource offers its templates."""
    made = sandboxed(undefined=StrictUndefined)
    made.globals["zip"] = zip
    made.filters["choice"] = _choice
    made.filters["most_frequent"] = _most_frequent
    return made


def main() -> None:
    """Read the templates and then rows from standard input; write one line for each row."""
    limit(MOST_SECONDS)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    templates = json.loads(sys.stdin.readline())["templates"]
    compiled: dict[str, Template] = {}
    env = environment()
    for line in sys.stdin:
        order = json.loads(line)
        more_time(CPU_SECONDS, MOST_SECONDS)
        source, choices = templates[order["name"]]
        sys.stdout.write(json.dumps(_answered(env, compiled, source, choices, order)) + "\n")
        sys.stdout.flush()


def _answered(
    env: ImmutableSandboxedEnvironment, compiled: dict[str, Template], source: str, choices: str, order: dict[str, Any]
) -> dict[str, Any]:
    try:
        for one in (source, choices):
            if one not in compiled:
                outside = reaches_outside(one, env)
                if outside:
                    return {"refused": outside}
                compiled[one] = env.from_string(one)
        variables = {**_guarded(order["variables"]), DRAW: order["draw"]}
        if choices:
            said = compiled[choices].render(variables)
            variables["answer_choices"] = [part.strip() for part in said.split(BETWEEN)]
        text = compiled[source].render(variables)
    except (TemplateError, MemoryError, RecursionError, OverflowError, LookupError, TypeError, ValueError) as problem:
        return {"refused": f"{type(problem).__name__}: {problem}"[:300]}
    if len(text) > LONGEST_TEXT:
        return {"refused": f"it writes {len(text):,} characters for one row"}
    return {"parts": [part.strip().replace(GUARD, BETWEEN) for part in text.split(BETWEEN)]}


def _guarded(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(BETWEEN, GUARD)
    if isinstance(value, dict):
        return {_guarded(name): _guarded(one) for name, one in value.items()}
    return [_guarded(one) for one in value] if isinstance(value, list) else value


@pass_context
def _choice(context: Context, values: Any) -> Any:
    """Return one of the values: PromptSource draws one at random, here it is the next one for each row."""
    listed = list(values)
    return listed[context[DRAW] % len(listed)]


def _most_frequent(values: Any) -> list[Any]:
    """Return the values that occur most often."""
    listed = list(values)
    most = max((listed.count(one) for one in listed), default=0)
    return [one for one in dict.fromkeys(listed) if listed.count(one) == most]
