"""Flags of the command line and the blocks they stand in; knows no settings class."""

from dataclasses import dataclass
from typing import Any, Literal

from taskfit.core.text import Text

Shape = Literal["value", "switch", "list", "pairs", "words"]


@dataclass(frozen=True)
class Flag:
    """One flag; `key` is the dotted name of the field ("limits.margin"), `takes` what a value looks like.

    A list or pairs may be typed with commas or by typing the flag again; `words` only again: they may hold commas.
    `choices` are all that may be typed, and are shown; `offers` are only offered by the completion of the shell.
    """

    key: str
    shape: Shape
    takes: str
    explanation: Text
    default: str = ""
    choices: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The flag as it is typed."""
        return "--" + self.key.replace("_", "-")

    @property
    def opposite(self) -> str:
        """What switches it off; for switches only."""
        head, dot, tail = self.key.replace("_", "-").rpartition(".")
        return f"--{head}{dot}no-{tail}"

    def value(self, typed: Any) -> Any:
        """Return what was typed as the settings class reads it; None when nothing was typed."""
        if not isinstance(typed, (list, tuple)):
            return typed
        if self.shape == "words":
            return list(typed) or None
        parts = [part.strip() for one in typed for part in one.split(",") if part.strip()]
        if not parts or self.shape == "list":
            return parts or None
        pairs = [part.partition("=") for part in parts]
        return {name.strip(): word.strip() if equals else name.strip() for name, equals, word in pairs}


@dataclass(frozen=True)
class Block:
    """Flags that belong together, with the title of their panel."""

    title: Text
    flags: tuple[Flag, ...]
