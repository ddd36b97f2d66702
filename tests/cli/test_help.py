"""What --help shows, in both languages."""

from collections.abc import Callable

import pytest

from taskfit.cli.commands import commands
from taskfit.cli.flags import Flag

Shown = Callable[..., str]
Matches = Callable[[str, str], None]
NAMES = [command.name for command in commands()]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_help_of_the_program(language: str, shown: Shown, matches_snapshot: Matches) -> None:
    matches_snapshot(f"help.{language}.txt", shown("--help", "--lang", language))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_every_command(name: str, language: str, shown: Shown, matches_snapshot: Matches) -> None:
    matches_snapshot(f"help-{name}.{language}.txt", shown(name, "--help", f"--lang={language}"))


def test_no_words_show_the_help(shown: Shown) -> None:
    assert shown() == shown("--help")


def test_every_flag_is_explained_in_both_languages() -> None:
    flags = [flag for command in commands() for block in command.blocks() for flag in block.flags]
    assert flags
    for flag in flags:
        assert flag.explanation.en, flag.key
        assert flag.explanation.zh, flag.key
        assert any("\u4e00" <= letter <= "\u9fff" for letter in flag.explanation.zh), flag.key


def test_every_line_fits_the_terminal(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, shown("climb", "--help").splitlines())) <= 60


def test_a_switch_that_is_on_by_default_shows_how_to_switch_it_off() -> None:
    from rich.console import Console

    from taskfit.cli.flags import Block
    from taskfit.cli.help import panel_of
    from taskfit.core.text import Text

    block = Block(Text("t", "t"), (Flag("a.cool_fast", "switch", "", Text("x", "x"), "true"),))
    console = Console(width=60)
    with console.capture() as seen:
        console.print(panel_of(block))
    assert "--a.no-cool-fast" in seen.get()
