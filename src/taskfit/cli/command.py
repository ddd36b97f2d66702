"""A command of the command line, described once: the parser, the help and the completion derive from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskfit.cli.flags import Block
from taskfit.core.events import Emit, Event
from taskfit.core.text import Text


@dataclass
class Stage:
    """Where the running command is: its run folder, known as soon as an event names it."""

    folder: Path | None = None

    def see(self, event: Event) -> None:
        """Remember the run folder when `event` names it."""
        if event.kind == "run.started":
            self.folder = Path(str(event.data["folder"]))


def both(first: Emit, second: Emit) -> Emit:
    """Return what tells every event to the two readers, one after the other."""

    def emit(event: Event) -> None:
        first(event)
        second(event)

    return emit


Run = Callable[[Mapping[str, Any], Stage], None]


def no_choices() -> tuple[str, ...]:
    """Return no words to complete."""
    return ()


def no_blocks() -> tuple[Block, ...]:
    """Return no flags."""
    return ()


@dataclass(frozen=True)
class Argument:
    """A word of the command line without a flag, or `many`; `choices` are offered by the completion of the shell."""

    name: str
    explanation: Text
    required: bool = True
    choices: Callable[[], tuple[str, ...]] = no_choices
    many: bool = False


def no_commands() -> tuple["Command", ...]:
    """Return no commands."""
    return ()


@dataclass(frozen=True)
class Command:
    """`run` gets the arguments and flags that were typed, by name and dotted key; `example` ends the help.

    `blocks` makes the flags when they are needed, for it imports their settings. A command with `parts` is a group:
    `taskfit data check` is the part `check` of `data`, and is not run itself. A part is told what it stands `within`.
    """

    name: str
    about: Text
    run: Run
    arguments: tuple[Argument, ...] = ()
    blocks: Callable[[], tuple[Block, ...]] = no_blocks
    example: str = ""
    parts: Callable[[], tuple["Command", ...]] = no_commands
    within: str = ""

    @property
    def is_group(self) -> bool:
        """Whether it is only a name for its parts."""
        return self.parts is not no_commands

    @property
    def typed(self) -> str:
        """The command as it is typed behind `taskfit`."""
        return f"{self.within} {self.name}".strip()


@dataclass(frozen=True)
class Call:
    """A command with the arguments and flags that were typed for it."""

    command: Command
    values: Mapping[str, Any]
