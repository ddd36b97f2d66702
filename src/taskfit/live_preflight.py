"""The pre-flight: one example as the model reads it, coloured by what is learned, and the facts of all rows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from taskfit.core.text import Text
from taskfit.ladder.report.visible import visible
from taskfit.live import said

if TYPE_CHECKING:
    from rich.text import Text as RichText

MOST_CHARACTERS = 1200
TITLE = Text("one example, as the model reads it (marked: learned)", "一个样例，模型所读到的样子（标出的部分会被学习）")


def preflight_of(data: Mapping[str, object]) -> "RichText":
    """Return what the pre-flight tells as something to print."""
    from rich.text import Text as RichText

    shown = RichText()
    pieces, facts = data.get("pieces"), data.get("facts")
    if isinstance(pieces, (list, tuple)) and pieces:
        shown.append(f"{TITLE}\n", style="dim")
        shown.append_text(_pieces([(str(text), float(weight)) for text, weight in pieces]))
        shown.append("\n")
    for fact in facts if isinstance(facts, (list, tuple)) else ():
        shown.append(f"{said(fact)}\n", style="dim")
    shown.rstrip()
    return shown


def _pieces(pieces: "list[tuple[str, float]]") -> "RichText":
    from rich.text import Text as RichText

    shown, left = RichText(), MOST_CHARACTERS
    for text, weight in pieces:
        if left <= 0:
            shown.append(" ……", style="dim")
            break
        part = text if len(text) <= left else f"{text[: left // 2]} …… {text[-left // 2 :]}"
        left -= len(part)
        # Without colours the marks still tell what is learned.
        learned = weight > 0
        share = "" if weight in (0.0, 1.0) else f"×{weight:g}"
        words = visible(part)
        shown.append(f"⟦{words}⟧{share}" if learned else words, style="bold green" if learned else "")
    return shown
