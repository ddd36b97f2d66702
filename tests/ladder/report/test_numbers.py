"""Numbers as people read them."""

import pytest

from taskfit.core.measurement import Interval
from taskfit.ladder.report import numbers


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (12345.6, "12,346"),
        (0.01234, "0.0123"),
        (-3.14159, "−3.14"),
        (1e-9, "1.00e−09"),
        (float("inf"), "undefined"),
    ],
)
def test_three_digits(value: float, shown: str) -> None:
    assert numbers.significant(value).en == shown


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (0, "0.0 s", "0.0 秒"),
        (59.9, "59.9 s", "59.9 秒"),
        (59.97, "1 min 00 s", "1 分 00 秒"),
        (7260, "2 h 01 min", "2 小时 01 分"),
    ],
)
def test_durations(value: float, en: str, zh: str) -> None:
    assert (numbers.seconds(value).en, numbers.seconds(value).zh) == (en, zh)


def test_intervals_and_differences() -> None:
    assert numbers.metric_interval(Interval(0.873, 0.832, 0.906), percent=True).en == "87.3 [83.2, 90.6]"
    assert numbers.difference(Interval(0.032, -0.006, 0.071), percent=True).en == "+3.2 [−0.6, +7.1]"
    assert numbers.metric_interval(Interval(12.5, float("nan"), 13.0), percent=False).en == "12.5 [?, 13]"
    assert numbers.metric_interval(Interval(float("nan"), 0, 1), percent=True).zh == "未定义"


def test_p_values() -> None:
    assert numbers.p_value(0.0001).en == "< 0.001"
    assert numbers.p_value(0.0456).en == "0.046"
