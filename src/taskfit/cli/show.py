"""Tables in the terminal: methods, formats, metrics, the settings of one method, the state of the machine."""

from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text as Line

from taskfit.app.catalogues import Entry, MethodPage
from taskfit.app.doctor import Fact
from taskfit.cli.bridge import blocks_of
from taskfit.cli.help import panel_of

WIDEST = 140
SIGNS = {"fine": ("✓", "green"), "note": ("!", "yellow"), "wrong": ("✗", "red")}


def show_entries(entries: Sequence[Entry], *, console: Console | None = None) -> None:
    """Print one line per entry: its name, what it is for, and its facts."""
    headings = list(dict.fromkeys(str(heading) for entry in entries for heading in entry.facts))
    table = _table()
    table.add_column("")
    table.add_column("", ratio=1)
    for heading in headings:
        table.add_column(heading)
    table.show_header = bool(headings)
    for entry in entries:
        facts = {str(heading): str(fact) for heading, fact in entry.facts.items()}
        table.add_row(Line(entry.name, "bold cyan"), str(entry.about), *(facts.get(one, "") for one in headings))
    (console or _console()).print(table)


def show_method(page: MethodPage, *, console: Console | None = None) -> None:
    """Print all that there is to know of one method: what it does, when to use it, its settings."""
    out = console or _console()
    out.print(Line.assemble((page.entry.name, "bold cyan"), f"  {page.entry.about}"))
    out.print(Line(f"\n{page.when}\n"))
    for heading, fact in page.entry.facts.items():
        out.print(Line.assemble((f"{heading}: ", "dim"), str(fact)))
    for block in blocks_of(page.settings):
        if block.flags:
            out.print(panel_of(block, as_keys=True))


def show_facts(facts: Sequence[Fact], *, console: Console | None = None) -> None:
    """Print the facts of the machine, each with a sign: fine, worth a note, wrong."""
    table = _table()
    table.show_header = False
    for column in range(3):
        table.add_column("", ratio=1 if column == 2 else None)
    for fact in facts:
        sign, colour = SIGNS[fact.state]
        told: list[RenderableType] = [Line(sign, colour), str(fact.name), fact.value]
        if fact.todo:
            told[2] = Line.assemble(fact.value, (f"  {fact.todo}", "dim"))
        table.add_row(*told)
    (console or _console()).print(table)


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def _console() -> Console:
    console = Console(highlight=False)
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    return console
