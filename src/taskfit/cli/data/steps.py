"""The command `data steps`: the steps that a recipe may take, and the settings of one."""

from collections.abc import Mapping
from typing import Any

from taskfit.cli.command import Argument, Command, Stage
from taskfit.core.text import Text


def command() -> Command:
    """Return the command."""
    return Command(
        "steps",
        Text("list the steps of recipes, or tell all about one", "列出配方可用的步骤，或查看某一步的设置"),
        run,
        (Argument("name", Text("name of a step", "步骤名"), required=False, choices=_names),),
        example="taskfit data steps drop_duplicates",
    )


def _names() -> tuple[str, ...]:
    from taskfit.data.step import STEPS

    return STEPS.names()


def run(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    """Run the command."""
    from rich.console import Console

    from taskfit.app.catalogues import Entry
    from taskfit.cli.bridge import blocks_of
    from taskfit.cli.help import panel_of
    from taskfit.cli.show import show_entries
    from taskfit.data.recipe import step_class
    from taskfit.data.step import STEPS

    if "name" not in values:
        show_entries([Entry(name, step_class(name).about) for name in STEPS.names()])
        return
    step = step_class(values["name"])
    show_entries([Entry(values["name"], step.about)])
    console = Console(highlight=False)
    for block in blocks_of(step):
        if block.flags:
            console.print(panel_of(block, as_keys=True))
