"""Flags come from settings classes: one per field, blocks for nested classes, limits and defaults shown."""

from typing import ClassVar, Literal

import pytest

from taskfit.cli.bridge import blocks_of
from taskfit.cli.command import Argument, Call, Command
from taskfit.cli.flags import Flag
from taskfit.cli.parser import parse
from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text


class Inner(Settings):
    about: ClassVar[Text] = Text("inner", "内层")
    top_k: int | None = setting(None, "how many", "数量", ge=1, lt=9)


class Outer(Settings):
    about: ClassVar[Text] = Text("outer", "外层")
    lr: float = setting(1e-4, "learning rate", "学习率", gt=0, le=1)
    how: Literal["fast", "exact"] = setting("fast", "how", "方式")
    names: tuple[str, ...] = setting(("a", "b"), "names", "名称")
    words: dict[str, str] = setting({}, "words", "词")
    dry: bool = setting(False, "only look", "只看")
    inner: Inner = setting(Inner(), "a block of its own", "单独一块")


FLAGS = {flag.key: flag for block in blocks_of(Outer) for flag in block.flags}


def typed(*words: str) -> dict[str, object]:
    def run(values: object, stage: object) -> None:
        raise AssertionError("parsing runs nothing")

    command = Command(
        "do", Text("do", "做"), run, (Argument("what", Text("what", "什么")),), lambda: blocks_of(Outer), "taskfit do x"
    )
    call = parse(["do", *words], [command])
    assert isinstance(call, Call)
    assert call.command is command
    return dict(call.values)


def test_every_field_is_a_flag_in_the_block_of_its_class() -> None:
    blocks = blocks_of(Outer)
    assert [[flag.key for flag in block.flags] for block in blocks] == [
        ["lr", "how", "names", "words", "dry"],
        ["inner.top_k"],
    ]
    assert str(blocks[1].title) == "inner: a block of its own"


@pytest.mark.parametrize(
    ("key", "name", "shape", "takes", "default"),
    [
        ("lr", "--lr", "value", "FLOAT >0 ≤1", "0.0001"),
        ("how", "--how", "value", "CHOICE", "fast"),
        ("names", "--names", "list", "A,B", "a,b"),
        ("words", "--words", "pairs", "A=B", ""),
        ("dry", "--dry", "switch", "", ""),
        ("inner.top_k", "--inner.top-k", "value", "INT ≥1 <9", ""),
    ],
)
def test_a_flag_shows_what_it_takes(key: str, name: str, shape: str, takes: str, default: str) -> None:
    flag = FLAGS[key]
    assert (flag.name, flag.shape, flag.takes, flag.default) == (name, shape, takes, default)


def test_only_what_was_typed_is_given() -> None:
    assert typed("x") == {"what": "x"}


def test_values_stay_text_until_the_settings_read_them() -> None:
    assert typed("x", "--lr", "fast", "--inner.top-k=3") == {"what": "x", "lr": "fast", "inner.top_k": "3"}


def test_lists_and_pairs_are_typed_with_commas_or_again() -> None:
    values = typed("x", "--names", "a, b", "--names", "c", "--words", "0=bad,1=very good", "--words", "2")
    assert values["names"] == ["a", "b", "c"]
    assert values["words"] == {"0": "bad", "1": "very good", "2": "2"}


def test_switches_go_both_ways() -> None:
    assert typed("x", "--dry")["dry"] is True
    assert typed("x", "--no-dry")["dry"] is False


def test_the_opposite_of_a_nested_switch_keeps_its_block() -> None:
    assert Flag("a_b.c_d", "switch", "", Text("", "")).opposite == "--a-b.no-c-d"
