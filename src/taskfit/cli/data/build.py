"""The command `data build`: labelled rows become instruction rows by templates, and come back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskfit.cli.command import Argument, Command, Stage
from taskfit.cli.data.lines import say, show_row, terminal
from taskfit.cli.flags import Block, Flag
from taskfit.core.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from taskfit.app.data.build import Made

SHOW = Flag(
    "show",
    "switch",
    "",
    Text(
        "show the first row as a head row, as instructions, as whole text; nothing is written",
        "以分类头数据、指令数据、纯文本三种形式展示第一行，不写出文件",
    ),
)
SHOWN = 3
FORMS = {
    "head": Text("for a classification head: a text and its label", "用于分类头：文本与标签"),
    "instruction": Text(
        "as instructions: what is asked, and the answer that is learned", "指令形式：提问，以及要学习的回答"
    ),
    "text": Text("as whole text: every token is learned, as in pre-training", "纯文本形式：与预训练一样学习每个 token"),
    "labelled": Text("labelled rows", "标注数据"),
}


def command() -> Command:
    """Return the command."""
    return Command(
        "build",
        Text(
            "make instruction rows of labelled rows by templates in English and Chinese, and back",
            "用中英文模板把标注数据构造成指令数据，也可还原",
        ),
        run,
        (Argument("file", Text("file of rows", "数据文件")),),
        _blocks,
        "taskfit data build reviews.csv --out instructions.jsonl --template-lang both",
    )


def _blocks() -> tuple[Block, ...]:
    from taskfit.app.data.build_settings import BuildSettings
    from taskfit.cli.bridge import blocks_of

    own, *nested = blocks_of(BuildSettings)
    return (Block(own.title, (*own.flags, SHOW)), *nested)


def run(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    """Run the command."""
    from taskfit.app.data.build import build_rows
    from taskfit.app.data.build_settings import BuildSettings
    from taskfit.cli.data.bar import Bar

    own = {key: value for key, value in values.items() if key not in ("file", "show")}
    if values.get("show"):
        own = {"form": "all", "per_row": "all", **own, "out": None}
    settings = BuildSettings.read(own, lines={key: f"--{key}".replace("_", "-") for key in own})
    with Bar() as bar:
        made = build_rows(values["file"], settings, bar.emit)
    console = terminal()
    if values.get("show"):
        show_forms(made, console)
    else:
        show(made, console)


def show_forms(made: "Made", console: "Console") -> None:
    """Print the first row in each form, what is learned in green."""
    from rich.text import Text as Line

    from taskfit.ladder.report.visible import one_line

    first = next(iter(next(iter(made.rows.values()))))
    for form, records in made.rows.items():
        say(console, FORMS[form], "bold cyan")
        same = [record for record in records if record.origin == first.origin]
        for record in same[:SHOWN]:
            if record.text is not None and not record.messages:
                console.print(Line(f"    {one_line(record.text)}", "green"))
                continue
            asked = " ".join(message.content for message in record.messages if message.role != "assistant")
            console.print(Line.assemble("    ", one_line(asked), "  → ", (one_line(record.answer), "green")))
        if len(same) > SHOWN:
            left = len(same) - SHOWN
            say(console, Text(f"    and {left:,} more ways to ask", f"    另有 {left:,} 种问法"), "dim")
    for remark in made.remarks:
        say(console, remark, "yellow")


def show(made: "Made", console: "Console") -> None:
    """Print how many rows were made, by which templates, what gave none, and where they are."""
    names = ", ".join(made.tasks)
    counts = ", ".join(f"{form} {len(records):,}" for form, records in made.rows.items())
    say(
        console,
        Text(
            f"{names}: {made.read:,} rows read, {len(made.listed):,} not read, {len(made.entries):,} gave none; made: {counts}",
            f"{names}：读入 {made.read:,} 行，未读入 {len(made.listed):,} 行，{len(made.entries):,} 行未生成；生成：{counts}",
        ),
        "bold",
    )
    if made.merged:
        told = Text(f"{made.merged:,} rows were other ways to ask of one row", f"{made.merged:,} 行是同一行的其他问法")
        say(console, told, "dim")
    if made.one_way:
        told = Text(
            f"{made.one_way:,} rows cannot be told back from what was made: a template leaves something out",
            f"{made.one_way:,} 行无法从结果还原：模板省略了部分内容",
        )
        say(console, told, "yellow")
    for entry in made.entries[:SHOWN]:
        show_row(console, entry.place, str(entry.reason), "yellow")
    for remark in made.remarks:
        say(console, remark, "yellow")
    if made.used:
        used = ", ".join(f"{name} {count:,}" for name, count in made.used.items())
        say(console, Text(f"templates: {used}", f"模板：{used}"), "dim")
    if not made.written:
        say(console, Text("nothing was written; --out FILE writes the rows", "未写出；用 --out 文件 写出"), "dim")
    for one in made.written.values():
        say(console, Text(f"written: {one.path} ({one.rows:,} rows)", f"已写出：{one.path}（{one.rows:,} 行）"))
