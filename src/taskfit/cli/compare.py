"""The command `compare`: two runs on the same test rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskfit.cli.command import Argument, Command, Stage
from taskfit.core.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from taskfit.app.compare import TwoRuns


def compare_command() -> Command:
    """Return the command."""
    return Command(
        "compare",
        Text(
            "compare two runs on the same test rows, rung by rung: what a change was worth",
            "在同一批测试数据上逐级比较两个运行：一次改动值多少",
        ),
        run,
        (
            Argument("before", Text("the folder of the earlier run", "较早运行的目录")),
            Argument("after", Text("the folder of the later run", "较晚运行的目录")),
        ),
        example="taskfit compare runs/reviews-0001 runs/reviews-0002",
    )


def run(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    """Run the command."""
    from taskfit.app.compare import compare_runs
    from taskfit.cli.data.lines import terminal

    show(compare_runs(Path(values["before"]), Path(values["after"])), terminal())


def show(found: "TwoRuns", console: "Console") -> None:
    """Print one line a rung: before, after, the paired difference with its interval, and whether it is shown."""
    from rich.table import Table
    from rich.text import Text as Line

    from taskfit.ladder.report.numbers import difference, metric, p_value
    from taskfit.ladder.report.words import metric_name

    name = metric_name(found.metric)
    console.print(
        Line(str(Text(f"{name.en} on {found.rows:,} test rows", f"{found.rows:,} 行测试数据上的{name.zh}")), "bold")
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(str(Text("rung", "方法")), no_wrap=True)
    for title in (
        Text("before", "之前"),
        Text("after", "之后"),
        Text("difference [95 % CI]", "差异 [95 % CI]"),
        Text("p (Holm)", "p（Holm）"),
    ):
        table.add_column(str(title), justify="right")
    table.add_column("")
    for rung in found.rungs:
        one = rung.comparison
        interval = one.difference
        shown = one.p_holm <= 1 - interval.level and (interval.low > 0 or interval.high < 0)
        told = (
            (Text("better", "更好") if interval.estimate > 0 else Text("worse", "更差"))
            if shown
            else Text("not shown to differ", "未显示差异")
        )
        style = ("green" if interval.estimate > 0 else "red") if shown else "dim"
        table.add_row(
            Line(rung.rung, "bold cyan"),
            str(metric(rung.before, percent=found.percent)),
            str(metric(rung.after, percent=found.percent)),
            str(difference(interval, percent=found.percent)),
            str(p_value(one.p_holm)),
            Line(str(told), style),
        )
    console.print(table)
    for remark in found.remarks:
        console.print(Line(str(remark), "yellow"))
