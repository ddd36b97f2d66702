"""The ladder as a picture: quality with its interval against the cost of 1,000 requests."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from taskfit.core.measurement import Interval, Report
from taskfit.core.text import Text
from taskfit.ladder.report import numbers
from taskfit.ladder.report.markup import Html, el
from taskfit.ladder.report.svg import Axis, Box, axis_around, log_axis_around, path, roomy_place, spread
from taskfit.ladder.report.table import is_percent, primary_metric, stop_word
from taskfit.ladder.report.visible import cut, one_line, width_of
from taskfit.ladder.report.words import metric_name

WIDE, HIGH = 980, 460
FRAME = Box(64, 34, WIDE - 24, HIGH - 56)
NAME_FRAME = Box(FRAME.left + 4, 4, WIDE - 4, FRAME.bottom - 2)
FONT = 14.0
LONGEST_NAME = 28


@dataclass(frozen=True)
class Costs:
    """What 1,000 requests cost, per rung, in one unit; rungs without a positive cost are left out."""

    unit: Text
    values: Mapping[str, float]


@dataclass(frozen=True)
class Spot:
    """One rung on the picture."""

    rung: str
    value: Interval
    x: float
    y: float
    high: float
    low: float
    stop: Text | None


def costs_of(report: Report) -> Costs:
    """Return the costs in money where every rung has a price, else in GFLOPs, else in seconds."""
    found = {one.rung: one.cost for one in report.measurements}
    money = {rung: one.money_per_1000 for rung, one in found.items() if one.money_per_1000}
    flops = {rung: one.flops_per_answer * 1000 / 1e9 for rung, one in found.items() if one.flops_per_answer > 0}
    seconds = {rung: one.seconds_per_answer * 1000 for rung, one in found.items() if one.seconds_per_answer > 0}
    currency = str(report.run.get("currency", "") or "")
    choices = (
        Costs(Text(f"money ({currency})", f"金额（{currency}）") if currency else Text("money", "金额"), money),
        Costs(Text("GFLOPs", "GFLOPs"), flops),
        Costs(Text("seconds", "秒"), seconds),
    )
    return max(choices, key=lambda one: len(one.values))


def ladder_picture(report: Report) -> Html:
    """Return the picture with a caption, or a sentence when there is nothing to draw."""
    name, costs = primary_metric(report), costs_of(report)
    shown = [
        one
        for one in report.measurements
        if one.rung in costs.values and name in one.metrics and math.isfinite(one.metrics[name].estimate)
    ]
    if not shown:
        return el(
            "p",
            Text("Nothing to draw: no rung has both a value and a cost.", "没有同时具有指标与费用的台阶，无图可画。"),
        )
    percent = is_percent(report, name)
    vertical = axis_around(
        [edge for one in shown for edge in (one.metrics[name].low, one.metrics[name].high, one.metrics[name].estimate)],
        FRAME.bottom,
        FRAME.top,
    )
    horizontal = log_axis_around([costs.values[one.rung] for one in shown], FRAME.left + 80, FRAME.right - 50)
    spots = _spots(
        [(one.rung, one.metrics[name], costs.values[one.rung]) for one in shown], horizontal, vertical, report
    )
    title = Text(
        f"{metric_name(name).en}{', %' if percent else ''}", f"{metric_name(name).zh}{'（%）' if percent else ''}"
    )
    front = _front(spots)
    drawing = el(
        "svg",
        _grid(horizontal, vertical, percent=percent),
        _titles(title, costs.unit),
        el("path", d=path(front), class_="front") if len(front) > 1 else None,
        *(_mark(one) for one in spots),
        _names(spots, front),
        viewBox=f"0 0 {WIDE} {HIGH}",
        role="img",
        class_="ladder",
        aria_label="quality against cost",
    )
    return el("figure", el("div", drawing, class_="scroll"), el("figcaption", _caption(report, shown_count=len(shown))))


def _caption(report: Report, *, shown_count: int) -> list[Text]:
    sentences = [
        Text(
            "Bars are 95 % intervals. The line joins the rungs that no other rung beats in both quality and cost. "
            "Rungs of equal cost stand side by side.",
            "竖线为 95 % 区间。折线连接帕累托台阶：没有别的台阶同时更好且更便宜。费用相同的台阶并排放置。",
        )
    ]
    left = len(report.measurements) - shown_count
    if left:
        sentences.append(
            Text(
                f" Not drawn, because its value or cost is not known: {left}.",
                f"有 {left} 个台阶因指标或费用未知而未画出。",
            )
        )
    return sentences


def _spots(
    values: Sequence[tuple[str, Interval, float]], horizontal: Axis, vertical: Axis, report: Report
) -> list[Spot]:
    across = spread([horizontal.at(cost) for _, _, cost in values], 14)
    return [
        Spot(
            rung,
            value,
            x,
            vertical.at(value.estimate),
            vertical.at(value.high if math.isfinite(value.high) else value.estimate),
            vertical.at(value.low if math.isfinite(value.low) else value.estimate),
            stop=stop_word(report) if rung == report.verdict.stop_at else None,
        )
        for (rung, value, _), x in zip(values, across, strict=True)
    ]


def _grid(horizontal: Axis, vertical: Axis, *, percent: bool) -> list[Html]:
    found = []
    step = min((b - a for a, b in pairwise(vertical.ticks())), default=1.0)
    digits = max(0, -math.floor(math.log10(step * (100 if percent else 1))))
    for value in vertical.ticks():
        y = vertical.at(value)
        found.append(el("line", x1=FRAME.left, x2=FRAME.right, y1=y, y2=y, class_="grid"))
        shown = numbers.minus(f"{100 * value if percent else value:.{digits}f}")
        found.append(el("text", shown, x=FRAME.left - 10, y=y + 4.5, class_="tick end"))
    for value in horizontal.ticks():
        x = horizontal.at(value)
        found.append(el("line", x1=x, x2=x, y1=FRAME.bottom, y2=FRAME.bottom + 5, class_="axis"))
        found.append(el("text", _tick(value), x=x, y=FRAME.bottom + 22, class_="tick middle"))
    found.append(el("line", x1=FRAME.left, x2=FRAME.right, y1=FRAME.bottom, y2=FRAME.bottom, class_="axis"))
    return found


def _tick(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.001 else f"{value:.0e}"


def _titles(quality: Text, unit: Text) -> list[Html]:
    cost = Text(f"cost of 1,000 requests, {unit.en} (logarithmic)", f"每千次请求费用，{unit.zh}（对数刻度）")
    return [
        el("text", quality, x=FRAME.left - 54, y=FRAME.top - 16, class_="axis-title"),
        el("text", cost, x=FRAME.right, y=HIGH - 10, class_="axis-title end"),
    ]


def _front(spots: Sequence[Spot]) -> list[tuple[float, float]]:
    """Return the places that no other one beats at the costs drawn, left to right (y grows downwards)."""
    found: list[tuple[float, float]] = []
    for x, y in sorted((one.x, one.y) for one in spots):
        if not found or y < found[-1][1]:
            found.append((x, y))
    return found


def _mark(spot: Spot) -> Html:
    return el(
        "g",
        el("line", x1=spot.x, x2=spot.x, y1=spot.low, y2=spot.high, class_="whisker"),
        el("circle", cx=spot.x, cy=spot.y, r=10, class_="halo") if spot.stop else None,
        el("circle", cx=spot.x, cy=spot.y, r=5, class_="dot"),
        class_="stop" if spot.stop else "spot",
    )


def _names(spots: Sequence[Spot], front: Sequence[tuple[float, float]]) -> list[Html]:
    taken = [Box(one.x - 4, one.high, one.x + 4, one.low) for one in spots]
    taken += [Box(one.x - 10, one.y - 10, one.x + 10, one.y + 10) for one in spots]
    taken.append(Box(0, 0, 220, FRAME.top - 8))
    taken += _along(front)
    found = []
    for spot in sorted(spots, key=lambda one: one.stop is None):
        box = roomy_place(_candidates(spot), taken, NAME_FRAME)
        taken.append(box)
        found.append(_name(spot, box))
    return found


def _along(points: Sequence[tuple[float, float]]) -> list[Box]:
    """Return small boxes along the line through the points, so that no name is laid over it."""
    found = []
    for (x1, y1), (x2, y2) in pairwise(points):
        steps = max(1, int(math.hypot(x2 - x1, y2 - y1) / 6))
        for number in range(steps + 1):
            x, y = x1 + (x2 - x1) * number / steps, y1 + (y2 - y1) * number / steps
            found.append(Box(x - 2, y - 2, x + 2, y + 2))
    return found


def _label(spot: Spot) -> str:
    return cut(one_line(spot.rung), LONGEST_NAME)


def _candidates(spot: Spot) -> list[Box]:
    wide = (
        max(width_of(_label(spot)), width_of(spot.stop.en) * 0.9 if spot.stop else 0)
        * FONT
        * (1.06 if spot.stop else 1.0)
    )
    tall = 36.0 if spot.stop else 18.0
    beside = []
    for shift in (0, -14, 14, -28, 28, -44, 44, -62, 62, -82, 82, -104, 104):
        top = spot.y + shift - tall / 2
        beside.append(Box(spot.x + 14, top, spot.x + 14 + wide, top + tall))
        beside.append(Box(spot.x - 14 - wide, top, spot.x - 14, top + tall))
    ends = [Box(spot.x - wide / 2, top, spot.x + wide / 2, top + tall) for top in (spot.high - tall - 5, spot.low + 5)]
    return [*beside[:2], *ends, *beside[2:]]


def _name(spot: Spot, box: Box) -> Html:
    left = box.right <= spot.x
    middle = not left and box.left < spot.x
    x, anchor = (
        ((box.left + box.right) / 2, "middle") if middle else (box.right, "end") if left else (box.left, "start")
    )
    away = not middle and abs((box.top + box.bottom) / 2 - spot.y) > 12
    edge = box.right + 2 if left else box.left - 2
    return el(
        "g",
        el("line", x1=edge, y1=(box.top + box.bottom) / 2, x2=spot.x, y2=spot.y, class_="leader") if away else None,
        el("text", _label(spot), x=x, y=box.top + 14, class_=f"name {anchor}"),
        el("text", spot.stop, x=x, y=box.top + 31, class_=f"name-note {anchor}") if spot.stop else None,
        class_="stop" if spot.stop else "spot",
    )
