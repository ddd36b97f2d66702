"""The settings of a sweep: which settings of the method are varied, in which range, how often."""

import math
from dataclasses import dataclass
from typing import ClassVar

from pydantic import field_validator

from taskfit.core.settings import Refused, Settings, setting
from taskfit.core.text import Text

FORMS = Text("write log:1e-5:1e-3, 0.0:0.1 or 4|8|16", "请写成 log:1e-5:1e-3、0.0:0.1 或 4|8|16")


@dataclass(frozen=True)
class Range:
    """The values that a sweep may try: numbers between two bounds (also on a log scale, also whole), or words."""

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[str, ...] = ()


class SweepSettings(Settings):
    """A search for settings of the method by their score on dev."""

    about: ClassVar[Text] = Text("Search for settings on dev", "在 dev 上搜索设置")

    ranges: dict[str, str] = setting(
        ...,
        "what to vary: lr=log:1e-5:1e-3, r=4|8|16",
        "要搜索的设置：lr=log:1e-5:1e-3、r=4|8|16",
        min_length=1,
    )
    trials: int = setting(8, "trainings the sweep may cost", "搜索最多训练的次数", ge=1, le=10_000)

    @field_validator("ranges")
    @classmethod
    def _ranges_are_ranges(cls, value: dict[str, str]) -> dict[str, str]:
        for name, word in value.items():
            try:
                range_of(word)
            except Refused as problem:
                what = Text(f"{name}: {problem.what.en}", f"{name}：{problem.what.zh}")
                raise Refused(what, problem.todo) from None
        return value


def range_of(word: str) -> Range:
    """Return the range that `word` names: `low:high`, `log:low:high` or `a|b|c`; raise Refused when it names none."""
    if "|" in word:
        choices = tuple(part.strip() for part in word.split("|"))
        if not all(choices) or len(set(choices)) < len(choices):
            raise Refused(Text(f"'{word}' has an empty or a double choice", f"'{word}' 含有空的或重复的选项"), FORMS)
        return Range(choices=choices)
    log = word.startswith("log:")
    parts = word.removeprefix("log:").split(":")
    try:
        low, high = (float(part) for part in parts)
    except ValueError:
        raise Refused(Text(f"'{word}' is no range", f"'{word}' 不是范围"), FORMS) from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high) or (log and low <= 0):
        raise Refused(
            Text(
                f"'{word}' must rise{', from above 0' if log else ''}",
                f"'{word}' 必须由小到大{'，且大于 0' if log else ''}",
            ),
            FORMS,
        )
    whole = all(part.strip().lstrip("+-").isdecimal() for part in parts)
    return Range(low, high, log, whole)
