"""A command line that makes no sense, told as every other error: what came, what was expected, what to do."""

from collections.abc import Sequence

from typer.exceptions import TyperException

from taskfit.cli.command import Command
from taskfit.cli.flags import Flag
from taskfit.core.errors import UsageError
from taskfit.core.text import Text, did_you_mean, same


def in_our_words(problem: TyperException, words: Sequence[str], commands: Sequence[Command]) -> UsageError:
    """Return the error that tells why the `words` cannot be parsed; `problem` is what the parser said."""
    command = next((one for one in commands if one.name in words[:1]), None)
    kind, flag = type(problem).__name__, str(vars(problem).get("option_name", ""))
    if command is not None and command.is_group:
        return _in_group(problem, words, command)
    if command is None and kind != "NoSuchOption":
        return _no_such_command(next((word for word in words if not word.startswith("-")), ""), commands)
    return _told(problem, command, kind, flag)


def _in_group(problem: TyperException, words: Sequence[str], group: Command) -> UsageError:
    kind, flag = type(problem).__name__, str(vars(problem).get("option_name", ""))
    parts = group.parts()
    part = next((one for one in parts if one.name in words[1:2]), None)
    if part is None and kind != "NoSuchOption":
        return _no_such_command(next((word for word in words[1:] if not word.startswith("-")), ""), parts, group)
    return _told(problem, part or group, kind, flag)


def _told(problem: TyperException, command: Command | None, kind: str, flag: str) -> UsageError:
    what, todo = same(str(problem)), _see_help(command)
    if kind == "NoSuchOption":
        what = Text(f"there is no flag '{flag}'", f"没有 '{flag}' 这个选项")
        todo = did_you_mean(flag, _names(command)) or todo
    elif kind == "BadOptionUsage":
        what = Text(f"the flag '{flag}' is followed by no value, or takes none", f"选项 '{flag}' 缺少值，或不接受值")
    elif kind == "MissingParameter" and command is not None:
        missing = ", ".join(one.name.upper() for one in command.arguments if one.required)
        what = Text(f"{missing} is missing", f"缺少 {missing}")
        todo = Text(f"for example: {command.example}", f"例如：{command.example}") if command.example else todo
    elif "unexpected extra argument" in str(problem):
        extra = str(problem).partition("(s) (")[2].removesuffix(")")
        what = Text(f"more words than expected: {extra}", f"多出的参数：{extra}")
    return UsageError(what, todo=todo)


def _no_such_command(name: str, commands: Sequence[Command], group: Command | None = None) -> UsageError:
    names = [one.name for one in commands]
    listed = Text(f"commands: {', '.join(names)}", f"可用命令：{', '.join(names)}")
    typed = f"{group.typed} {name}" if group else name
    return UsageError(
        Text(f"there is no command '{typed}'", f"没有 '{typed}' 这个命令"), todo=did_you_mean(name, names) or listed
    )


def _see_help(command: Command | None) -> Text:
    line = f"taskfit {command.typed} --help" if command else "taskfit --help"
    return Text(f"see {line}", f"见 {line}")


def _names(command: Command | None) -> list[str]:
    flags: list[Flag] = [flag for block in command.blocks() for flag in block.flags] if command else []
    switches = [flag.opposite for flag in flags if flag.shape == "switch"]
    return [flag.name for flag in flags] + switches + ["--help", "--lang"] + ([] if command else ["--version"])
