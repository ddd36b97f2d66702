"""Settings refuse what they cannot use, all at once, with the place and what to do."""

from typing import ClassVar, Literal

import pytest
from pydantic import field_validator

from taskfit.core.errors import UsageError
from taskfit.core.settings import Refused, Settings, setting
from taskfit.core.text import Text, speak


class Inner(Settings):
    about: ClassVar[Text] = Text("inner", "内层")
    rank: int = setting(8, "rank of the matrices", "矩阵的秩", ge=1, le=256)
    kind: Literal["a", "b"] = setting("a", "kind", "种类")


class Outer(Settings):
    about: ClassVar[Text] = Text("outer", "外层")
    lr: float = setting(..., "learning rate", "学习率", gt=0)
    names: tuple[str, ...] = setting((), "names", "名称")
    inner: Inner = setting(Inner(), "inner block", "内层设置")
    maybe: Inner | None = setting(None, "may be left out", "可省略")
    many: tuple[Inner, ...] = setting((), "several", "多个")

    @field_validator("names")
    @classmethod
    def _no_twins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise Refused(Text("a name stands there twice", "名称重复"), Text("remove one", "请删除一个"))
        return value


def told(values: dict[str, object], **place: object) -> list[str]:
    with pytest.raises(UsageError) as raised:
        Outer.read(values, **place)  # type: ignore[arg-type]
    return str(raised.value).splitlines()


def test_keeps_defaults_and_does_not_change() -> None:
    outer = Outer.read({"lr": "1e-4", "inner": {"rank": 4}})
    assert (outer.lr, outer.inner.rank, outer.inner.kind) == (1e-4, 4, "a")
    with pytest.raises(ValueError, match="frozen"):
        outer.lr = 1.0


def test_tells_every_problem_at_once_with_its_line() -> None:
    lines = {"lr": 1, "inner": 2, "inner.rank": 3, "nams": 5}
    found = told({"lr": -1, "inner": {"rank": 0.5, "kind": "c"}, "nams": []}, where="t.yaml", lines=lines)
    assert found == [
        "t.yaml:1: 'lr' = -1: must be greater than 0",
        "t.yaml:3: 'inner.rank' = 0.5: must be a valid integer, got a number with a fractional part",
        "t.yaml:2: 'inner.kind' = 'c': must be 'a' or 'b'",
        "t.yaml:5: unknown key 'nams'; did you mean 'names'?",
    ]


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf"), "fast", None, [1], True if False else {}])
def test_refuses_numbers_that_make_no_sense(bad: object) -> None:
    assert told({"lr": bad})[0].startswith("'lr' = ")


@pytest.mark.parametrize("bad", [0, 10**11, 1.5, None, [8], "many"])
def test_refuses_counts_outside_their_range(bad: object) -> None:
    assert told({"lr": 1, "inner": {"rank": bad}})[0].startswith("'inner.rank' = ")


def test_names_a_missing_key() -> None:
    assert told({}, where="t.yaml") == ["t.yaml: 'lr' is missing"]


def test_suggests_the_keys_of_the_block_they_belong_to() -> None:
    assert told({"lr": 1, "maybe": {"rnak": 1}}) == ["unknown key 'maybe.rnak'; did you mean 'rank'?"]
    assert told({"lr": 1, "many": [{"x": 1}]}) == ["unknown key 'many.0.x'; known keys: rank, kind"]


def test_shows_own_sentences_of_a_settings_class_in_both_languages() -> None:
    assert told({"lr": 1, "names": ["a", "a"]}) == ["'names': a name stands there twice; remove one"]
    speak("zh")
    assert told({"lr": 1, "names": ["a", "a"]}) == ["'names': 名称重复；请删除一个"]


def test_speaks_chinese_about_limits() -> None:
    speak("zh")
    assert told({"lr": 0, "inner": {"rank": 999, "kind": 1, "x": 1}}) == [
        "'lr' = 0：必须大于 0",
        "'inner.rank' = 999：必须不大于 256",
        "'inner.kind' = 1：必须是以下之一：'a' or 'b'",
        "未知的键 'inner.x'；可用的键：rank, kind",
    ]


def test_places_settings_under_a_key_of_their_file() -> None:
    with pytest.raises(UsageError) as raised:
        Inner.read({"rank": 0}, where="t.yaml", lines={"rungs.2.lora.rank": 9}, at="rungs.2.lora")
    assert str(raised.value).startswith("t.yaml:9: 'rungs.2.lora.rank' = 0:")


def test_names_the_flag_that_a_value_came_from() -> None:
    assert told({"lr": 0}, where="t.yaml", lines={"lr": "--lr"})[0].startswith("--lr: 'lr' = 0:")


def test_explains_every_field_in_both_languages() -> None:
    assert Inner.explain("rank") == Text("rank of the matrices", "矩阵的秩")


@pytest.fixture(autouse=True)
def _english() -> None:
    speak("en")
