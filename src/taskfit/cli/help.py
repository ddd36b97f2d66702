"""The help of the program and of its commands, in the language of the reader."""

from collections.abc import Sequence

from rich.box import ROUNDED
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as Line

from taskfit.cli.command import Argument, Command
from taskfit.cli.flags import Block, Flag
from taskfit.core.text import Text

WIDEST, WIDEST_NAME = 120, 40

PROGRAM = Text(
    "taskfit adapts a language model to a task, measures every method on the same held-out rows, and says where to stop.",
    "taskfit 让语言模型适配任务：在同一批保留数据上逐级测量各种方法，并说明何时停手。",
)
USAGE = Text("Usage: ", "用法：")
COMMANDS = Text("Commands", "命令")
ARGUMENTS = Text("Arguments", "参数")
ALWAYS = Block(
    Text("Always", "通用"),
    (
        Flag("lang", "value", "en|zh", Text("language; default: that of the system", "语言；默认跟随系统")),
        Flag("help", "switch", "", Text("show this help", "显示帮助")),
    ),
)
OF_PROGRAM = (
    Flag("version", "switch", "", Text("show the version", "显示版本")),
    Flag("install_completion", "switch", "", Text("install completion for this shell", "为当前 shell 安装补全")),
)
DEFAULT = Text("default: ", "默认：")
EXAMPLE = Text("For example: ", "例如：")
START = Text("Try it: taskfit climb task.yaml", "试一试：taskfit climb task.yaml")
MORE = Text("taskfit COMMAND --help tells more", "taskfit 命令 --help 查看详情")


def help_of_program(commands: Sequence[Command]) -> str:
    """Return the help of the program."""
    rows = [(Line(one.name, "bold cyan"), Line(str(one.about))) for one in commands]
    return _rendered(
        _usage(str(Text("taskfit COMMAND ...", "taskfit 命令 ..."))),
        Line(f"\n{PROGRAM}\n"),
        _panel(COMMANDS, rows),
        panel_of(Block(ALWAYS.title, (*ALWAYS.flags, *OF_PROGRAM))),
        Line(f"{START}\n{MORE}"),
    )


def help_of_group(command: Command) -> str:
    """Return the help of a command that has parts: what each is for, and a first example."""
    parts = command.parts()
    rows = [(Line(one.name, "bold cyan"), Line(str(one.about))) for one in parts]
    shown: list[RenderableType] = [
        _usage(f"taskfit {command.typed} {Text('COMMAND ...', '命令 ...')}"),
        Line(f"\n{command.about}\n"),
        *([_panel(COMMANDS, rows)] if rows else []),
        panel_of(ALWAYS),
    ]
    if command.example:
        shown.append(Line(f"{EXAMPLE}{command.example}"))
    first = f"taskfit {command.typed} {parts[0].name if parts else ''} --help"
    return _rendered(*shown, Line(str(Text(f"All about one: {first}", f"某个命令的全部说明：{first}"))))


def help_of_command(command: Command) -> str:
    """Return the help of one command: its arguments, then its flags block by block."""
    words = " ".join(map(_as_typed, command.arguments))
    parts: list[RenderableType] = [_usage(f"taskfit {command.typed} {words}"), Line(f"\n{command.about}\n")]
    if command.arguments:
        rows = [(Line(one.name.upper(), "bold cyan"), Line(str(one.explanation))) for one in command.arguments]
        parts.append(_panel(ARGUMENTS, rows))
    parts += [panel_of(block) for block in (*command.blocks(), ALWAYS) if block.flags]
    if command.example:
        parts.append(Line(f"{EXAMPLE}{command.example}"))
    return _rendered(*parts)


def _as_typed(argument: Argument) -> str:
    name = argument.name.upper() + (" ..." if argument.many else "")
    return name if argument.required else f"[{name}]"


def panel_of(block: Block, *, as_keys: bool = False) -> Panel:
    """Return the panel of a block: flags as they are typed, or keys as they stand in a file."""
    return _panel(block.title, [_row(flag, flag.key if as_keys else _typed(flag)) for flag in block.flags])


def _typed(flag: Flag) -> str:
    return flag.opposite if flag.shape == "switch" and flag.default else flag.name


def _usage(line: str) -> Line:
    return Line.assemble((str(USAGE), "bold"), line.rstrip())


def _row(flag: Flag, name: str) -> tuple[Line, Line]:
    head = Line.assemble((name, "bold cyan"), (f" {flag.takes}" if flag.takes else "", "yellow"))
    told = Line(str(flag.explanation))
    if flag.choices:
        told.append(f"  {'|'.join(flag.choices)}", "yellow")
    if flag.default:
        told.append(f"  [{DEFAULT}{flag.default}]", "dim")
    return head, told


def _panel(title: Text, rows: Sequence[tuple[Line, Line]]) -> Panel:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(
        overflow="fold", min_width=min(WIDEST_NAME, max(row[0].cell_len for row in rows)), max_width=WIDEST_NAME
    )
    table.add_column(ratio=1, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return Panel(table, title=str(title), title_align="left", box=ROUNDED, border_style="dim")


def _rendered(*parts: RenderableType) -> str:
    console = Console(highlight=False)
    console.width = min(console.width, WIDEST)
    with console.capture() as shown:
        console.print(Group(*parts))
    return shown.get().rstrip()
