"""Rungs as spots on a picture: a dot with its interval, and a name where there is room for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from taskfit.core.measurement import Interval, Report
from taskfit.core.text import Text
from taskfit.ladder.report import numbers
from taskfit.ladder.report.markup import Html, el
from taskfit.ladder.report.svg import Axis, Box, axis_around, path, roomy_place, spread
from taskfit.ladder.report.table import is_percent, primary_metric, stop_word
from taskfit.ladder.report.visible import cut, one_line, width_of
from taskfit.ladder.report.words import metric_name

WIDE, HIGH = 980, 460
FRAME = Box(64, 34, WIDE - 24, HIGH - 56)
NAME_FRAME = Box(FRAME.left + 4, 4, WIDE - 4, FRAME.bottom - 2)
FONT = 14.0
LONGEST_NAME = 28


@dataclass(frozen=True)
class Spot:
    """One rung on the picture; `true_x` is where it would stand without others of the same place."""

    rung: str
    value: Interval
    x: float
    true_x: float
    y: float
    high: float
    low: float
    stop: Text | None


def scatter(
    report: Report, places: Sequence[tuple[str, Interval, float]], horizontal: Axis, below: Text, *, label: str
) -> Html:
    """Return the picture of rungs: their value of the primary metric against what `horizontal` measures.

    Rungs of one place are moved a little apart. The line joins those that no other one beats in both.
    """
    name = primary_metric(report)
    percent = is_percent(report, name)
    edges = [edge for _, value, _ in places for edge in (value.low, value.high, value.estimate)]
    vertical = axis_around(edges, FRAME.bottom, FRAME.top)
    spots = _spots(places, horizontal, vertical, report)
    title = Text(
        f"{metric_name(name).en}{', %' if percent else ''}", f"{metric_name(name).zh}{'（%）' if percent else ''}"
    )
    front = _front(spots)
    return el(
        "svg",
        _grid(horizontal, vertical, percent=percent),
        el("text", title, x=FRAME.left - 54, y=FRAME.top - 16, class_="axis-title"),
        el("text", below, x=FRAME.right, y=HIGH - 10, class_="axis-title end"),
        el("path", d=path(front), class_="front") if len(front) > 1 else None,
        *(_mark(one) for one in spots),
        _names(spots, front),
        viewBox=f"0 0 {WIDE} {HIGH}",
        role="img",
        class_="ladder",
        aria_label=label,
    )


def _spots(
    values: Sequence[tuple[str, Interval, float]], horizontal: Axis, vertical: Axis, report: Report
) -> list[Spot]:
    true = [horizontal.at(cost) for _, _, cost in values]
    across = spread(true, 14)
    return [
        Spot(
            rung,
            value,
            x,
            true_x,
            vertical.at(value.estimate),
            vertical.at(value.high if math.isfinite(value.high) else value.estimate),
            vertical.at(value.low if math.isfinite(value.low) else value.estimate),
            stop=stop_word(report) if rung == report.verdict.stop_at else None,
        )
        for (rung, value, _), x, true_x in zip(values, across, true, strict=True)
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
    size = abs(value)
    shown = f"{value:,.0f}" if size >= 100 else f"{value:.3g}" if size >= 0.001 or not size else f"{value:.0e}"
    return numbers.minus(shown)


def _front(spots: Sequence[Spot]) -> list[tuple[float, float]]:
    """Return the places of rungs that no other one beats, left to right (y grows downwards)."""
    found: list[Spot] = []
    for one in sorted(spots, key=lambda spot: (spot.true_x, spot.y)):
        if not found or one.y < found[-1].y:
            found.append(one)
    return [(one.x, one.y) for one in found]


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
