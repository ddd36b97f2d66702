"""The command `data convert`: rows of one format become a file of another."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskfit.cli.command import Argument, Command, Stage
from taskfit.cli.flags import Block
from taskfit.core.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from taskfit.app.data.convert import Converted
    from taskfit.data.read import ListedRow

SHOWN = 5


def command() -> Command:
    """Return the command."""
    return Command(
        "convert",
        Text(
            "rows of one format become a file of another; every row is kept, repaired or listed",
            "转换行格式；每一行都会保留、修复或列出",
        ),
        _convert,
        (
            Argument(
                "rows",
                Text(
                    "a file of rows, or dataset_info.json#NAME of LLaMA-Factory",
                    "数据文件，或 LLaMA-Factory 的 dataset_info.json#名称",
                ),
            ),
        ),
        _blocks,
        "taskfit data convert alpaca.json --to openai --out messages.jsonl",
    )


def _blocks() -> tuple[Block, ...]:
    from dataclasses import replace

    from taskfit.app.data.convert import ConvertSettings
    from taskfit.cli.bridge import blocks_of
    from taskfit.data.shape import SHAPES

    names = SHAPES.names()
    blocks = blocks_of(ConvertSettings)
    # The names are completed, but listed only by `taskfit formats`: there are many.
    return tuple(
        replace(block, flags=tuple(replace(f, offers=names) if f.key in ("to", "shape") else f for f in block.flags))
        for block in blocks
    )


def _convert(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    from rich.console import Console

    from taskfit.app.data.convert import ConvertSettings, convert
    from taskfit.cli.data.bar import Bar

    own = {key: value for key, value in values.items() if key != "rows"}
    settings = ConvertSettings.read(own, lines={key: f"--{key}".replace("_", "-") for key in own})
    with Bar() as bar:
        found = convert(values["rows"], settings, bar.emit)
    show_converted(found, Console(highlight=False))


def show_converted(found: "Converted", console: "Console") -> None:
    """Print what became of the rows."""
    from rich.text import Text as Line

    facts = found.facts
    told = facts.shape_told or Text(facts.shape, facts.shape)
    lines = [
        Text(
            f"{facts.path}: {facts.rows:,} rows of {facts.format}, {facts.encoding}; {told.en}",
            f"{facts.path}：{facts.rows:,} 行，{facts.format}，{facts.encoding}；{told.zh}",
        ),
        *found.remarks,
        Text(
            f"{found.out}: {found.written:,} rows ({found.kept:,} kept, {len(found.repaired):,} repaired), "
            f"{len(found.dropped):,} dropped",
            f"{found.out}：{found.written:,} 行（保留 {found.kept:,}，修复 {len(found.repaired):,}），"
            f"丢弃 {len(found.dropped):,}",
        ),
    ]
    for line in lines:
        console.print(Line(str(line)), soft_wrap=True)
    if found.lost:
        counted = ", ".join(f"{name} ({count:,})" for name, count in found.lost.items())
        lost = Text(f"no place in the new format for: {counted}", f"新格式无法容纳：{counted}")
        console.print(Line(str(lost), "yellow"), soft_wrap=True)
    _show_rows(Text("repaired", "修复"), found.repaired, console)
    _show_rows(Text("dropped", "丢弃"), found.dropped, console)
    files = [str(one) for one in (found.manifest, found.ledger) if one is not None]
    console.print(
        Line(str(Text(f"written beside it: {', '.join(files)}", f"同时写出：{', '.join(files)}")), "dim"),
        soft_wrap=True,
    )


def _show_rows(title: Text, rows: "tuple[ListedRow, ...]", console: "Console") -> None:
    from rich.text import Text as Line

    for row in rows[:SHOWN]:
        console.print(Line(f"  {title}: {row.finding}"), soft_wrap=True)
    left = len(rows) - SHOWN
    if left > 0:
        console.print(Line(str(Text(f"  ... and {left:,} more", f"  ……另有 {left:,} 行"))))
