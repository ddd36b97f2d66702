"""The command group `data`: every file of this folder that has a `command()` is one of its commands."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from taskfit.cli.command import Command, Stage
from taskfit.core.text import Text

NAME = "data"
# As one works: look, mend, change, divide, make. A command that is not named here comes last, by its name.
ORDER = ("check", "fix", "review", "convert", "build", "synthesize", "select", "split", "diff")


def data_command() -> Command:
    """Return the group; its commands are only looked for when they are needed."""
    return Command(
        NAME,
        Text(
            "the data workshop: check rows, mend them, convert them, make instruction data",
            "数据工坊：检查、修正、转换数据，构造指令数据",
        ),
        _group,
        parts=data_commands,
        example="taskfit data check rows.jsonl",
    )


def data_commands() -> tuple[Command, ...]:
    """Return the commands of the group."""
    modules = [importlib.import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)]
    found: list[Command] = [module.command() for module in modules if "command" in vars(module)]
    order = {name: place for place, name in enumerate(ORDER)}
    found.sort(key=lambda one: (order.get(one.name, len(ORDER)), one.name))
    return tuple(replace(one, within=NAME) for one in found)


def _group(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    raise AssertionError("a group is never run itself")
