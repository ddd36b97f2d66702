"""The command `data check`: the verdict and the findings in the terminal, as JSON, as a page, as a recipe."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskfit.cli.command import Argument, Command, Stage
from taskfit.cli.flags import Block, Flag
from taskfit.core.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from taskfit.app.data.check import Diagnosis
    from taskfit.data.finding import RowFinding

WIDEST = 120
SIGNS = {"block": ("✗", "bold red"), "warn": ("!", "yellow"), "info": ("·", "dim")}
REPORT, PAGE, RECIPE = "report.json", "report.html", "recipe.yaml"
OUTPUTS = (
    Flag("json", "switch", "", Text("print JSON; the exit code says the same", "输出 JSON；退出码不变")),
    Flag("html", "value", "FILE", Text("write a page with pictures", "写出带图的网页")),
    Flag(
        "out",
        "value",
        "FOLDER",
        Text(f"write {REPORT}, {PAGE} and {RECIPE} there", f"在该目录写出 {REPORT}、{PAGE} 与 {RECIPE}"),
    ),
    Flag("all", "switch", "", Text("show every example and what only informs", "显示全部示例与提示")),
)


def command() -> Command:
    """Return the command."""
    return Command(
        "check",
        Text(
            "check rows: what is wrong, where, and the recipe that mends it; ends with 3 when something blocks",
            "检查数据：哪里有问题、如何修正；有阻止训练的问题时退出码为 3",
        ),
        run,
        (Argument("files", Text("files of rows, taken together", "数据文件，合在一起检查"), many=True),),
        _blocks,
        "taskfit data check rows.jsonl --out checked",
    )


def _blocks() -> tuple[Block, ...]:
    from taskfit.app.data.check import CheckSettings
    from taskfit.cli.bridge import blocks_of

    own, *nested = blocks_of(CheckSettings)
    return (Block(own.title, (*own.flags, *OUTPUTS)), *nested)


def run(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    """Run the command; raise DataError when a finding blocks that was not accepted."""
    from taskfit.app.data.check import CheckSettings, check
    from taskfit.cli.data.bar import Bar
    from taskfit.core.errors import DataError, UsageError
    from taskfit.core.files import to_json

    outputs = {flag.key for flag in OUTPUTS}
    own = {key: value for key, value in values.items() if key not in outputs and key != "files"}
    files = tuple(values.get("files") or ())
    if not files:
        raise UsageError(
            Text("which file?", "请指定文件"),
            todo=Text("taskfit data check rows.jsonl", "taskfit data check rows.jsonl"),
        )
    settings = CheckSettings.read(own, lines={key: f"--{key}".replace("_", "-") for key in own})
    with Bar(quiet=bool(values.get("json"))) as bar:
        found = check(files, settings, bar.emit)
    written = _write(found, values)
    if values.get("json"):
        from taskfit.app.data.check_words import as_json

        print(to_json(as_json(found)))  # noqa: T201
    else:
        show(found, everything=bool(values.get("all")))
        for path in written:
            print(Text(f"written: {path}", f"已写出：{path}"))  # noqa: T201
    if found.blocking:
        ids = ",".join(dict.fromkeys(one.id for one in found.blocking))
        raise DataError(
            Text(f"blocked by {ids}", f"被以下问题阻止：{ids}"),
            todo=Text(
                f"mend the rows (taskfit data fix), or --accept {ids}",
                f"请修正数据（taskfit data fix），或 --accept {ids}",
            ),
        )


def _write(found: "Diagnosis", values: Mapping[str, Any]) -> list[Path]:
    """Write what was asked for; the page last."""
    from taskfit.app.data.check_page import check_page
    from taskfit.app.data.check_words import as_json, recipe_text
    from taskfit.core.files import write_atomic, write_json
    from taskfit.core.text import current_language

    written: list[Path] = []
    pages = [Path(values["html"])] if values.get("html") else []
    if values.get("out"):
        folder = Path(values["out"])
        write_json(folder / REPORT, as_json(found))
        write_atomic(folder / RECIPE, recipe_text(found).encode("utf-8", "backslashreplace"))
        written += [folder / REPORT, folder / RECIPE]
        pages.append(folder / PAGE)
    for path in pages:
        write_atomic(path, check_page(found, current_language()).encode("utf-8", "backslashreplace"))
        written.append(path)
    return written


def show(found: "Diagnosis", *, everything: bool = False, console: "Console | None" = None) -> None:
    """Print the verdict, what to do first, and the findings, the worst first."""
    from rich.console import Console
    from rich.text import Text as Line

    from taskfit.app.data.check_words import FIRST, NOT_RUN, ledger, shapes, verdict

    out = console or Console(highlight=False, width=None if os.isatty(1) else WIDEST)
    colour = "red" if found.blocking else "yellow" if found.count("warn") else "green"
    out.print(Line(str(verdict(found)), f"bold {colour}"))
    out.print(Line(_safe(shapes(found)), "dim"))
    out.print(Line(str(ledger(found)), "dim"))
    if found.first:
        out.print(Line(f"\n{FIRST}", "bold"))
        for number, one in enumerate(found.first, 1):
            out.print(Line.assemble(f"  {number}. ", _safe(one.what), (f"  [{one.id}]", "dim")))
    shown = [one for one in found.findings if everything or one.severity != "info"]
    for one in shown:
        out.print()
        _show_one(one, out, found, most=len(one.examples) if everything else 3)
    out.print()
    left = len(found.findings) - len(shown)
    if left:
        out.print(Line(str(Text(f"{left} more findings only inform: --all", f"另有 {left} 项提示：--all")), "dim"))
    if found.not_run:
        told = "; ".join(f"{name}: {why}" for name, why in found.not_run.items())
        out.print(Line(f"{NOT_RUN}: {told}", "dim"))


def _show_one(one: "RowFinding", out: "Console", found: "Diagnosis", *, most: int) -> None:
    from rich.padding import Padding
    from rich.text import Text as Line

    from taskfit.app.data.check_words import fix_line
    from taskfit.ladder.report.visible import one_line

    sign, style = SIGNS[one.severity]
    mark = str(Text(" (accepted)", "（已接受）")) if one.id in found.accepted else ""
    head = _safe(one.what), style if one.severity == "block" else ""
    out.print(Line.assemble((f"{sign} ", style), head, (f"  [{one.id}]{mark}", "dim")))
    lines = [Line(f"{Text('rule: ', '规则：')}{_safe(one.rule)}", "dim")]
    for spot in one.examples[:most]:
        place = spot.place.rsplit("/", 1)[-1] if len(found.files) == 1 else spot.place
        shown = Line.assemble((f"{one_line(place)}  ", "cyan"), one_line(spot.excerpt))
        lines.append(shown)
        shown.no_wrap, shown.overflow = True, "ellipsis"
    fix = fix_line(one)
    if fix:
        lines.append(Line.assemble((str(Text("fix: ", "修正：")), "green"), one_line(fix)))
    for line in lines:
        out.print(Padding(line, (0, 0, 0, 4), expand=False))


def _safe(sentence: Text) -> str:
    from taskfit.ladder.report.visible import one_line

    return one_line(str(sentence))
