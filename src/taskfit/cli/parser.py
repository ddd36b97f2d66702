"""The parser: a Typer application made from the commands, with our help in the language of the reader."""

import inspect
import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from taskfit import __version__
from taskfit.cli.command import Argument, Call, Command
from taskfit.cli.flags import Flag
from taskfit.cli.help import help_of_command, help_of_group, help_of_program

COMPLETING = "_TASKFIT_COMPLETE"  # set by the shell when it asks for the words that may follow


def parse(words: Sequence[str], commands: Sequence[Command]) -> Call | None:
    """Return what the command line asks for, or None when help or the version was asked for and has been shown.

    Raises typer's TyperException when the words make no sense.
    """
    program = typer.main.get_command(_application(commands, words))
    result = program.main(list(words), prog_name="taskfit", standalone_mode=False)
    return result if isinstance(result, Call) else None


def _application(commands: Sequence[Command], words: Sequence[str]) -> typer.Typer:
    class Program(TyperGroup):
        """The program itself."""

        def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  (the signature is Typer's)
            formatter.write(help_of_program(commands))

    def begin(
        ctx: typer.Context,
        version: Annotated[bool, typer.Option("--version")] = False,
        lang: Annotated[str | None, typer.Option("--lang")] = None,  # noqa: ARG001  (read before parsing)
    ) -> None:
        if version:
            typer.echo(f"taskfit {__version__}")
            raise typer.Exit
        if ctx.invoked_subcommand is None:
            typer.echo(ctx.get_help())

    app = typer.Typer(cls=Program, suggest_commands=False)
    app.callback(invoke_without_command=True)(begin)
    _add(app, commands, words)
    return app


def _add(app: typer.Typer, commands: Sequence[Command], words: Sequence[str]) -> None:
    """Add commands; flags and parts only of those that are typed, for making them takes time."""
    for command in commands:
        asked = command.name in words or COMPLETING in os.environ
        if command.is_group:
            app.add_typer(_group(command, words if asked else None), name=command.name)
        else:
            app.command(command.name, cls=_class_of(command))(_function_of(command, with_flags=asked))


def _group(command: Command, words: Sequence[str] | None) -> typer.Typer:
    parts = command.parts() if words is not None else ()

    class Group(TyperGroup):
        """A command that is a name for its parts."""

        def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  (the signature is Typer's)
            formatter.write(help_of_group(command))

    def begin(ctx: typer.Context) -> None:
        if ctx.invoked_subcommand is None:
            typer.echo(ctx.get_help())

    app = typer.Typer(cls=Group, suggest_commands=False)
    app.callback(invoke_without_command=True)(begin)
    _add(app, parts, words or ())
    return app


def _class_of(command: Command) -> type[TyperCommand]:
    class One(TyperCommand):
        """One command."""

        def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  (the signature is Typer's)
            formatter.write(help_of_command(command))

    return One


def _function_of(command: Command, *, with_flags: bool) -> Callable[..., Call]:
    """Return a function with all arguments and flags in its signature, as Typer wants it; it returns the call."""
    blocks = command.blocks() if with_flags else ()
    flags = {flag.key.replace(".", "__"): flag for block in blocks for flag in block.flags}

    def call(**typed: Any) -> Call:
        values = {name: typed[name] for name in typed if name not in flags}
        values |= {flag.key: flag.value(typed[name]) for name, flag in flags.items()}
        return Call(command, {key: value for key, value in values.items() if value is not None})

    parameters = [_argument(one) for one in command.arguments] + [_option(name, flags[name]) for name in flags]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in parameters}
    return call


def _argument(argument: Argument) -> inspect.Parameter:
    info = typer.Argument(metavar=argument.name.upper(), autocompletion=_completer(argument.choices))
    if argument.many:
        return _parameter(argument.name, Annotated[list[str] | None, info])
    if argument.required:
        return _parameter(argument.name, Annotated[str, info], inspect.Parameter.empty)
    return _parameter(argument.name, Annotated[str | None, info])


def _option(name: str, flag: Flag) -> inspect.Parameter:
    if flag.shape == "switch":
        return _parameter(name, Annotated[bool | None, typer.Option(f"{flag.name}/{flag.opposite}")])
    info = typer.Option(flag.name, autocompletion=_completer(lambda: flag.choices or flag.offers))
    return _parameter(name, Annotated[str | None, info] if flag.shape == "value" else Annotated[list[str] | None, info])


def _parameter(name: str, annotation: Any, default: Any = None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _completer(choices: Callable[[], tuple[str, ...]]) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        return [one for one in choices() if one.startswith(incomplete)]

    return complete
