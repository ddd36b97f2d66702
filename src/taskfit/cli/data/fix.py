"""The command `data fix`: a recipe applied to rows, told step by step."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskfit.cli.command import Argument, Command, Stage
from taskfit.cli.data.lines import say, show_row, terminal
from taskfit.cli.flags import Block, Flag
from taskfit.core.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from taskfit.app.data.fix import Fixed
    from taskfit.app.data.out import Rewritten
    from taskfit.data.recipe import Done
    from taskfit.data.step import What

STEP = Flag(
    "step",
    "words",
    "STEP",
    Text(
        "one more step, e.g. 'drop_duplicates: {similar: 0.8}'; may be repeated",
        "追加一步，如 'drop_duplicates: {similar: 0.8}'；可重复",
    ),
)
SHOWN = 3
DID: "Mapping[What, Text]" = {
    "changed": Text("changed", "行改动"),
    "dropped": Text("dropped", "行删除"),
    "repeated": Text("repeated", "行重复取用"),
}


def command() -> Command:
    """Return the command."""
    return Command(
        "fix",
        Text(
            "mend rows by a recipe: a new version, with a ledger of every row changed or dropped",
            "按配方修正数据：写出新版本，并逐行记录改动与删除",
        ),
        run,
        (Argument("file", Text("file of rows", "数据文件")),),
        _blocks,
        "taskfit data fix rows.jsonl --recipe checked/recipe.yaml --out rows-2.jsonl",
    )


def _blocks() -> tuple[Block, ...]:
    from taskfit.app.data.fix import FixSettings
    from taskfit.cli.bridge import blocks_of

    own, *nested = blocks_of(FixSettings)
    return (Block(own.title, (*own.flags[:1], STEP, *own.flags[1:])), *nested)


def run(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    """Run the command."""
    from taskfit.app.data.fix import FixSettings, fix
    from taskfit.cli.data.bar import Bar

    own = {key: value for key, value in values.items() if key not in ("file", "step")}
    settings = FixSettings.read(own, lines={key: f"--{key}" for key in own})
    with Bar() as bar:
        found = fix(values["file"], settings, tuple(values.get("step") or ()), bar.emit)
    show(found, terminal())


def show(found: "Fixed", console: "Console") -> None:
    """Print what each step did, with the first rows, and where the new version is."""
    from rich.text import Text as Line

    for one in found.mended.done:
        console.print(Line.assemble((one.name, "bold cyan"), "  ", _did(one)))
        for entry in one.entries[:SHOWN]:
            after = f" → {entry.after}" if entry.after else ""
            show_row(console, entry.place, f"{entry.reason}: {entry.before}{after}")
    say(console, _sum(found.counts), "bold")
    for row in found.listed[:SHOWN]:
        say(console, Text(f"    {row.finding}", f"    {row.finding}"), "yellow")
    if found.written is None:
        told = Text("nothing was written; --out FILE writes the new version", "未写出；用 --out 文件 写出新版本")
        say(console, told, "dim")
    else:
        _show_written(found.written, console)


def _show_written(written: "Rewritten", console: "Console") -> None:
    for entry in written.unwritten[:SHOWN]:
        show_row(console, entry.place, str(entry.reason), "yellow")
    if written.lost:
        lost = ", ".join(f"{name} ({count:,})" for name, count in written.lost.items())
        say(console, Text(f"no place in this row format: {lost}", f"该行格式容纳不下：{lost}"), "yellow")
    for path in filter(None, (written.path, written.ledger, written.manifest)):
        say(console, Text(f"written: {path}", f"已写出：{path}"))


def _did(one: "Done") -> str:
    told = [f"{count:,} {word}" for what, word in DID.items() if (count := one.count(what))]
    return ", ".join(told) or str(Text("nothing to do", "无需改动"))


def _sum(counts: Mapping[str, int]) -> Text:
    again = counts["repeated"]
    return Text(
        f"{counts['read']:,} rows read = {counts['left']:,} left ({counts['changed']:,} of them changed) + "
        f"{counts['dropped']:,} dropped + {counts['listed']:,} not read{f' - {again:,} repeated' if again else ''}",
        f"读入 {counts['read']:,} 行 = 保留 {counts['left']:,}（其中改动 {counts['changed']:,}）+ 删除 {counts['dropped']:,} + "
        f"未读入 {counts['listed']:,}{f' - 重复取用 {again:,}' if again else ''}",
    )
