"""Lines of text in the terminal: whole sentences, and single lines that end in dots where there is no room."""

import os
from typing import TYPE_CHECKING

from taskfit.core.text import Text
from taskfit.ladder.report.visible import one_line

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 120


def terminal() -> "Console":
    """Return the console: as wide as the terminal; 120 columns where there is none."""
    from rich.console import Console

    return Console(highlight=False, width=None if os.isatty(1) else WIDEST)


def say(console: "Console", sentence: Text, style: str = "") -> None:
    """Print a sentence, however many lines it takes."""
    from rich.text import Text as Line

    console.print(Line(str(sentence), style), soft_wrap=True)


def show_row(console: "Console", place: str, words: str, style: str = "dim") -> None:
    """Print where a row stands (the file without its folders) and words of it, in one line."""
    from rich.text import Text as Line

    line = Line.assemble("    ", (one_line(place.rsplit("/", 1)[-1]), "cyan"), "  ", (one_line(words), style))
    console.print(line, no_wrap=True, overflow="ellipsis")
