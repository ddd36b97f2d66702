"""The command `data diff`: what differs between two versions of a data set."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskfit.cli.command import Argument, Command, Stage
from taskfit.cli.data.lines import say, show_row, terminal
from taskfit.cli.flags import Block
from taskfit.core.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from taskfit.app.data.diff import Diff, Side
    from taskfit.data.record import Record

SHOWN = 5


def command() -> Command:
    """Return the command."""
    return Command(
        "diff",
        Text("compare two versions of a data set: rows and findings", "比较数据集的两个版本：行与检查结果"),
        run,
        (
            Argument("before", Text("the earlier version", "较早的版本")),
            Argument("after", Text("the later one", "较晚的版本")),
        ),
        _blocks,
        "taskfit data diff rows.jsonl rows-2.jsonl",
    )


def _blocks() -> tuple[Block, ...]:
    from taskfit.app.data.diff import DiffSettings
    from taskfit.cli.bridge import blocks_of

    return blocks_of(DiffSettings)


def run(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    """Run the command."""
    from taskfit.app.data.diff import DiffSettings, diff
    from taskfit.cli.data.bar import Bar

    own = {key: value for key, value in values.items() if key not in ("before", "after")}
    settings = DiffSettings.read(own, lines={key: f"--{key}" for key in own})
    with Bar() as bar:
        found = diff(values["before"], values["after"], settings, bar.emit)
    show(found, terminal())


def show(found: "Diff", console: "Console") -> None:
    """Print how many rows differ, the first ones, and the findings whose count differs."""
    rows = found.versions
    for side in (found.before, found.after):
        say(console, _of_side(side))
    say(
        console,
        Text(
            f"{rows.same:,} rows are the same, {len(rows.changed):,} changed, {len(rows.added):,} added, "
            f"{len(rows.removed):,} removed",
            f"{rows.same:,} 行相同，{len(rows.changed):,} 行改动，{len(rows.added):,} 行新增，{len(rows.removed):,} 行移除",
        ),
        "bold",
    )
    _show_rows(Text("removed", "移除"), [(one,) for one in rows.removed], console)
    _show_rows(Text("added", "新增"), [(one,) for one in rows.added], console)
    _show_rows(Text("changed", "改动"), rows.changed, console)
    _show_findings(found, console)


def _show_rows(title: Text, rows: "Sequence[tuple[Record, ...]]", console: "Console") -> None:
    from taskfit.data.finding import excerpt

    if rows:
        say(console, title, "bold cyan")
    for versions in rows[:SHOWN]:
        for one in versions:
            show_row(console, str(one.origin), f"{excerpt(one.prompt, most=60)} → {excerpt(one.answer, most=60)}", "")
    if len(rows) > SHOWN:
        left = len(rows) - SHOWN
        say(console, Text(f"    and {left:,} more", f"    另有 {left:,} 行"), "dim")


def _of_side(side: "Side") -> Text:
    return Text(f"{side.file}: {side.rows:,} rows, {side.dataset}", f"{side.file}：{side.rows:,} 行，{side.dataset}")


def _show_findings(found: "Diff", console: "Console") -> None:
    from rich.table import Table
    from rich.text import Text as Line

    if not found.finding_ids:
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(str(Text("finding", "问题")), no_wrap=True)
    table.add_column(str(Text("before", "之前")), justify="right", no_wrap=True)
    table.add_column(str(Text("after", "之后")), justify="right", no_wrap=True)
    table.add_column("", ratio=1, overflow="ellipsis", no_wrap=True)
    for id in found.finding_ids:
        one, other = found.before.findings.get(id), found.after.findings.get(id)
        counts = (0 if one is None else one.count), (0 if other is None else other.count)
        told = other or one
        assert told is not None
        style = "green" if counts[1] < counts[0] else "red"
        table.add_row(Line(id), f"{counts[0]:,}", Line(f"{counts[1]:,}", style), Line(str(told.what), "dim"))
    console.print(table)
