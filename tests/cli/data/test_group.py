"""A command that is a name for its parts: `taskfit data check`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from typer.exceptions import TyperException

from taskfit.cli.command import Argument, Command, Stage
from taskfit.cli.data import data_command, data_commands
from taskfit.cli.flags import Block, Flag
from taskfit.cli.help import help_of_group
from taskfit.cli.parser import parse
from taskfit.cli.program import run
from taskfit.cli.wrong_words import in_our_words
from taskfit.core.text import Text, speak


def nothing(values: Mapping[str, Any], stage: Stage) -> None:
    raise AssertionError("only parsed here")


FLAGS = (Block(Text("Settings", "设置"), (Flag("to", "value", "TEXT", Text("what it becomes", "目标格式")),)),)
PART = Command(
    "bake",
    Text("make bread of flour", "把面粉做成面包"),
    nothing,
    (Argument("flour", Text("what it is made of", "原料")),),
    lambda: FLAGS,
    "taskfit kitchen bake flour --to bread",
    within="kitchen",
)
GROUP = Command("kitchen", Text("all about bread", "面包坊"), nothing, parts=lambda: (PART,))
OTHER = Command("cook", Text("soup", "汤"), nothing)


def told(*words: str) -> str:
    with pytest.raises(TyperException) as problem:
        parse(words, (GROUP, OTHER))
    return str(in_our_words(problem.value, words, (GROUP, OTHER)))


def test_a_part_gets_its_arguments_and_flags() -> None:
    call = parse(("kitchen", "bake", "rye", "--to", "bread"), (GROUP, OTHER))
    assert call is not None
    assert call.command is PART
    assert call.values == {"flour": "rye", "to": "bread"}


def test_a_part_that_does_not_exist_is_told_with_its_nearest_neighbour() -> None:
    assert told("kitchen", "bak") == "there is no command 'kitchen bak'; did you mean 'bake'?"
    assert told("kitchen", "xyz") == "there is no command 'kitchen xyz'; commands: bake"


def test_wrong_flags_of_a_part_are_told_in_both_languages() -> None:
    assert told("kitchen", "bake", "rye", "--too", "x") == "there is no flag '--too'; did you mean '--to'?"
    assert told("kitchen", "bake") == "FLOUR is missing; for example: taskfit kitchen bake flour --to bread"
    speak("zh")
    assert told("kitchen", "bak") == "没有 'kitchen bak' 这个命令；是不是想写 'bake'？"
    assert "taskfit kitchen bake --help" in told("kitchen", "bake", "a", "b")


def test_other_commands_do_not_make_the_parts() -> None:
    def never() -> tuple[Command, ...]:
        raise AssertionError("not asked for")

    assert parse(("cook",), (replace(GROUP, parts=never), OTHER)) is not None


def test_the_help_of_a_group_says_what_each_part_is_for() -> None:
    shown = help_of_group(GROUP)
    assert "bake" in shown
    assert "make bread of flour" in shown
    assert "taskfit kitchen bake --help" in shown


def test_the_name_alone_shows_the_help(shown: Callable[..., str]) -> None:
    assert shown("data") == shown("data", "--help")


def test_the_completion_knows_the_parts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("_TASKFIT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "taskfit data ")
    monkeypatch.setenv("COMP_CWORD", "2")
    with pytest.raises(SystemExit):
        run(())
    assert set(capsys.readouterr().out.split()) >= {one.name for one in data_commands()} >= {"convert"}


def test_every_part_is_told_in_both_languages_and_has_an_example() -> None:
    assert data_command().is_group
    for one in data_commands():
        assert one.about.en
        assert any("\u4e00" <= letter <= "\u9fff" for letter in one.about.zh), one.name
        assert one.example.startswith(f"taskfit data {one.name} "), one.name
        for flag in (flag for block in one.blocks() for flag in block.flags):
            assert any("\u4e00" <= letter <= "\u9fff" for letter in flag.explanation.zh), flag.key
