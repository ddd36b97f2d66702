"""Learning curves: the loss of training by step, and the score on dev."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from taskfit.core.measurement import Measurement
from taskfit.core.prediction import CurvePoint
from taskfit.core.text import Text
from taskfit.ladder.report import numbers
from taskfit.ladder.report.markup import Html, el
from taskfit.ladder.report.svg import Axis, axis_around, path

WIDE, HIGH = 460, 190
LEFT, RIGHT, TOP, BOTTOM = 52, WIDE - 14, 30, HIGH - 32
MOST_POINTS = 400


@dataclass(frozen=True)
class Line:
    """One line of a small plot."""

    title: Text
    points: tuple[tuple[float, float], ...]
    dots: bool = False


def learning_curves(measurements: Sequence[Measurement], *, percent: bool) -> Html | None:
    """Return one block per trained rung that has a curve, or None when none has one."""
    blocks = [
        el(
            "figure",
            el("figcaption", el("b", one.rung), _last_loss(one.curve)),
            el(
                "div",
                [plot for plot in (_plot(line) for line in _lines(one.curve, percent=percent)) if plot],
                class_="pair",
            ),
            class_="curve",
        )
        for one in measurements
        if one.curve
    ]
    return el("div", blocks) if blocks else None


def thinned(curve: Sequence[CurvePoint], most: int = MOST_POINTS) -> list[CurvePoint]:
    """Return at most about `most` points: every n-th, the last, and all with a score on dev."""
    step = max(1, math.ceil(len(curve) / most))
    return [
        one
        for number, one in enumerate(curve)
        if number % step == 0 or number == len(curve) - 1 or one.dev_score is not None
    ]


def _last_loss(curve: Sequence[CurvePoint]) -> Text:
    last = curve[-1]
    loss = numbers.significant(last.loss)
    return Text(
        f"  {last.step:,} steps, {last.tokens:,} tokens, last loss {loss.en}",
        f"  {last.step:,} 步，{last.tokens:,} 个词元，最后损失 {loss.zh}",
    )


def _lines(curve: Sequence[CurvePoint], *, percent: bool) -> tuple[Line, Line]:
    points, factor = thinned(curve), 100 if percent else 1
    return (
        Line(
            Text("loss by step", "各步损失"), tuple((one.step, one.loss) for one in points if math.isfinite(one.loss))
        ),
        Line(
            Text("score on dev by step, %", "各步开发集得分（%）")
            if percent
            else Text("score on dev by step", "各步开发集得分"),
            tuple((one.step, factor * one.dev_score) for one in points if one.dev_score is not None),
            dots=True,
        ),
    )


def _plot(line: Line) -> Html | None:
    if not line.points:
        return None
    steps = [step for step, _ in line.points]
    across = Axis(min(0.0, *steps) if len(steps) > 1 else 0.0, max([*steps, 1.0]), LEFT, RIGHT)
    up = axis_around([value for _, value in line.points], BOTTOM, TOP)
    places = [(across.at(step), up.at(value)) for step, value in line.points]
    return el(
        "svg",
        [_level(up, value) for value in up.ticks(4)],
        el("line", x1=LEFT, x2=RIGHT, y1=BOTTOM, y2=BOTTOM, class_="axis"),
        [
            el("text", f"{value:,.0f}", x=across.at(value), y=BOTTOM + 18, class_="tick middle")
            for value in across.ticks()
            if value == int(value)
        ],
        el("path", d=path(places), class_="dev" if line.dots else "loss") if len(places) > 1 else None,
        [el("circle", cx=x, cy=y, r=3, class_="dev-dot") for x, y in places] if line.dots or len(places) == 1 else None,
        el("text", line.title, x=4, y=16, class_="axis-title"),
        viewBox=f"0 0 {WIDE} {HIGH}",
        role="img",
    )


def _level(up: Axis, value: float) -> list[Html]:
    y = up.at(value)
    return [
        el("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid"),
        el("text", numbers.minus(f"{value:.4g}"), x=LEFT - 8, y=y + 4, class_="tick end"),
    ]
