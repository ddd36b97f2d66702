"""The command `data split`: train, dev and test, copies and groups together."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskfit.cli.command import Argument, Command, Stage
from taskfit.cli.data.lines import say, terminal
from taskfit.cli.flags import Block
from taskfit.core.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from taskfit.app.data.split import Divided

MOST_LABELS = 12


def command() -> Command:
    """Return the command."""
    return Command(
        "split",
        Text(
            "split rows into train, dev and test; nothing moves when rows are added later",
            "划分训练、开发、测试集；以后新增行时原有划分不变",
        ),
        run,
        (Argument("file", Text("file of rows", "数据文件")),),
        _blocks,
        "taskfit data split rows.jsonl --out parts",
    )


def _blocks() -> tuple[Block, ...]:
    from taskfit.app.data.split import SplitSettings
    from taskfit.cli.bridge import blocks_of

    return blocks_of(SplitSettings)


def run(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    """Run the command."""
    from taskfit.app.data.split import SplitSettings, split

    own = {key: value for key, value in values.items() if key != "file"}
    show(split(values["file"], SplitSettings.read(own, lines={key: f"--{key}" for key in own})), terminal())


def show(found: "Divided", console: "Console") -> None:
    """Print the rows and labels of each side, and where they are."""
    from rich.table import Table
    from rich.text import Text as Line

    from taskfit.data.finding import counted
    from taskfit.ladder.report.visible import one_line

    total = sum(found.rows.values())
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in (Text("part", "部分"), Text("rows", "行数"), Text("share", "比例")):
        table.add_column(str(title), justify="left" if title.en == "part" else "right")
    labels = list(
        dict.fromkeys(label for counts in found.labels.values() for label, _ in counts.most_common(MOST_LABELS))
    )[:MOST_LABELS]
    for label in labels:
        table.add_column(Line(one_line(label)), justify="right")
    for side, rows in found.rows.items():
        cells = [f"{found.labels[side][label]:,}" for label in labels]
        table.add_row(Line(side, "bold"), f"{rows:,}", f"{rows / max(1, total):.1%}", *cells)
    console.print(table)
    if found.groups:
        told = Text(
            f"{counted(found.groups, 'group', 'groups')} of copies or of one source stay together",
            f"{found.groups:,} 个重复或同源的组不分开",
        )
        say(console, told, "dim")
    for remark in found.remarks:
        say(console, remark, "yellow")
    if found.listed:
        count, first = len(found.listed), found.listed[0].finding
        say(console, Text(f"{count:,} rows could not be read: {first}", f"{count:,} 行无法读取：{first}"), "yellow")
    for one in found.written.values():
        say(console, Text(f"written: {one.path} ({one.rows:,} rows)", f"已写出：{one.path}（{one.rows:,} 行）"))
