"""Numbers as people read them; what is not a finite number is called undefined."""

import math

from taskfit.core.measurement import Interval
from taskfit.core.text import Text, same

UNDEFINED = Text("undefined", "未定义")
NONE = same("–")


def metric(value: float, *, percent: bool) -> Text:
    """Return a metric value, as per cent (without the sign) or with three digits."""
    return _finite(value, f"{100 * value:.1f}" if percent else f"{value:.4g}")


def metric_interval(interval: Interval, *, percent: bool) -> Text:
    """Return `87.3 [83.2, 90.6]`."""
    return _interval(interval, percent=percent, sign="")


def difference(interval: Interval, *, percent: bool) -> Text:
    """Return `+3.2 [−0.6, +7.1]`, in points when `percent`."""
    return _interval(interval, percent=percent, sign="+")


def p_value(p: float) -> Text:
    """Return a p value; small ones as a bound."""
    return _finite(p, "< 0.001" if p < 0.001 else f"{p:.3f}")


def significant(value: float) -> Text:
    """Return `value` with three significant digits and thousands separators."""
    if not math.isfinite(value):
        return UNDEFINED
    if value == 0:
        return same("0")
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return same(minus(f"{value:,.{digits}f}" if digits <= 6 else f"{value:.2e}"))


def count(value: int) -> Text:
    """Return a whole number with thousands separators."""
    return same(minus(f"{value:,}"))


def seconds(value: float) -> Text:
    """Return a duration: `3.2 s`, `4 min 05 s`, `2 h 04 min`."""
    if not math.isfinite(value):
        return UNDEFINED
    if value < 59.95:
        shown = f"{value:.1f}" if value >= 0.05 or value == 0 else f"{value:.2g}"
        return Text(f"{shown} s", f"{shown} 秒")
    if value < 3600:
        minutes, rest = divmod(round(value), 60)
        return Text(f"{minutes} min {rest:02d} s", f"{minutes} 分 {rest:02d} 秒")
    hours, rest = divmod(round(value / 60), 60)
    return Text(f"{hours} h {rest:02d} min", f"{hours} 小时 {rest:02d} 分")


def milliseconds(value: float | None) -> Text:
    """Return a latency in milliseconds, without the unit."""
    return NONE if value is None else significant(value)


def size(value: int) -> Text:
    """Return a number of bytes in MB or GB; nothing when it was not measured."""
    if value <= 0:
        return NONE
    return same(f"{value / 1e9:.2f} GB" if value >= 1e9 else f"{value / 1e6:,.0f} MB")


def minus(text: str) -> str:
    """Return `text` with a true minus sign."""
    return text.replace("-", "−")


def _interval(interval: Interval, *, percent: bool, sign: str) -> Text:
    if not math.isfinite(interval.estimate):
        return UNDEFINED
    factor, form = (100.0, f"{sign}.1f") if percent else (1.0, f"{sign}.4g")
    middle, low, high = (
        f"{factor * one:{form}}" if math.isfinite(one) else "?"
        for one in (interval.estimate, interval.low, interval.high)
    )
    return same(minus(f"{middle} [{low}, {high}]"))


def _finite(value: float, shown: str) -> Text:
    return same(minus(shown)) if math.isfinite(value) else UNDEFINED
