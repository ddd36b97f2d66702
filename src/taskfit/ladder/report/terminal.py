"""The report in a terminal: verdict, table, failed rungs, warnings, in the language of the reader."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from taskfit.core.measurement import Report
from taskfit.core.text import Text
from taskfit.ladder.report.forgetting import SHORTLY
from taskfit.ladder.report.table import FORGETTING, Cell, Line, Table, ladder_table, reason_text
from taskfit.ladder.report.visible import one_line
from taskfit.ladder.report.words import FAILED, IMPOSSIBLE

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text as RichText

SPACE = 2
LONGEST_CELL = 32


def show_report(report: Report, console: "Console") -> None:
    """Print the report; columns that the terminal has no room for are left out, and that is said."""
    _say(console, str(Text(report.verdict.en, report.verdict.zh)), "bold")
    for reason in report.verdict.reasons:
        said = reason_text(reason)
        _say(console, str(Text(f"• {reason.rung}: {said.en}", f"• {reason.rung}：{said.zh}")))
    table = _without_note_lines(ladder_table(report))
    fitting = fitted(table, console.width)
    console.print()
    _print_table(fitting, console)
    left = len(table.columns) - len(fitting.columns)
    if left:
        _say(
            console,
            str(Text(f"{left} more columns are in the HTML report", f"另有 {left} 列见 HTML 报告")),
            "dim",
        )
    unread = ", ".join(f"{one.rung} {one.unscored:,}" for one in report.measurements if one.unscored)
    if unread:
        _say(
            console,
            str(Text(f"unreadable answers, counted as wrong: {unread}", f"无法读出的回答（按错误计）：{unread}")),
        )
    if any(column.title == FORGETTING for column in fitting.columns):
        _say(console, str(SHORTLY), "dim")
    console.print()
    for failed in report.failed:
        state = IMPOSSIBLE if failed.kind == "impossible" else FAILED
        words = Text(f"{failed.rung}: {state.en}: {failed.en}", f"{failed.rung}：{state.zh}：{failed.zh}")
        _say(console, str(words), "red" if failed.kind == "failed" else "")
    for warning in report.warnings:
        words = Text(f"warning: {warning.get('en', '')}", f"警告：{warning.get('zh', '')}")
        _say(console, str(words), "yellow")


def fitted(table: Table, width: int) -> Table:
    """Return the table without the columns that do not fit into `width`, least important first."""
    while _width(table) > width and any(column.drop for column in table.columns):
        out = max(range(len(table.columns)), key=lambda place: table.columns[place].drop)
        table = Table(
            tuple(one for place, one in enumerate(table.columns) if place != out),
            tuple(
                replace(line, cells=tuple(one for place, one in enumerate(line.cells) if place != out))
                for line in table.lines
            ),
        )
    return table


def _without_note_lines(table: Table) -> Table:
    """Return the table with the notes of the first column only, so that numbers stay aligned."""

    def cells(line: Line) -> tuple[Cell, ...]:
        return tuple(one if place == 0 else replace(one, note=None) for place, one in enumerate(line.cells))

    return replace(table, lines=tuple(replace(line, cells=cells(line)) for line in table.lines))


def _width(table: Table) -> int:
    from rich.cells import cell_len

    widths = [
        max(cell_len(one) for one in (str(column.title), *(_shown(line.cells[place]) for line in table.lines)))
        for place, column in enumerate(table.columns)
    ]
    return sum(min(one, LONGEST_CELL) for one in widths) + SPACE * len(widths)


def _shown(cell: Cell) -> str:
    shown = one_line(str(cell.text))
    return f"{shown} ({one_line(str(cell.note))})" if cell.note else shown


def _print_table(table: Table, console: "Console") -> None:
    from rich.table import Table as RichTable
    from rich.text import Text as RichText

    grid = RichTable(box=None, pad_edge=False, padding=(0, SPACE, 0, 0), header_style="dim")
    for column in table.columns:
        grid.add_column(
            RichText(str(column.title)),
            justify="right" if column.number else "left",
            max_width=LONGEST_CELL,
            no_wrap=True,
            overflow="ellipsis",
        )
    for line in table.lines:
        grid.add_row(*_cells(line.cells), style="bold cyan" if line.marked else "")
    console.print(grid)


def _cells(cells: Sequence[Cell]) -> "list[RichText]":
    from rich.text import Text as RichText

    return [RichText(_shown(one)) for one in cells]


def _say(console: "Console", words: str, style: str = "") -> None:
    from rich.text import Text as RichText

    console.print(RichText(one_line(words) if words.strip() else "", style=style))
