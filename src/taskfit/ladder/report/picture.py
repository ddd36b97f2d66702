"""The ladder as a picture: quality with its interval against the cost of 1,000 requests."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from taskfit.core.measurement import Report
from taskfit.core.text import Text
from taskfit.ladder.report.markup import Html, el
from taskfit.ladder.report.spots import FRAME, scatter
from taskfit.ladder.report.svg import log_axis_around
from taskfit.ladder.report.table import primary_metric


@dataclass(frozen=True)
class Costs:
    """What 1,000 requests cost, per rung, in one unit; rungs without a positive cost are left out."""

    unit: Text
    values: Mapping[str, float]


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
    places = [(one.rung, one.metrics[name], costs.values[one.rung]) for one in shown]
    horizontal = log_axis_around([cost for _, _, cost in places], FRAME.left + 80, FRAME.right - 50)
    unit = costs.unit
    below = Text(f"cost of 1,000 requests, {unit.en} (logarithmic)", f"每千次请求费用，{unit.zh}（对数刻度）")
    drawing = scatter(report, places, horizontal, below, label="quality against cost")
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
