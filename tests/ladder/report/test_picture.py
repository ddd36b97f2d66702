"""The ladder as a picture."""

import re
from dataclasses import replace
from itertools import combinations, pairwise

import pytest

from ladder.report.samples import sample_report
from taskfit.core.measurement import Report
from taskfit.ladder.report.picture import costs_of, ladder_picture
from taskfit.ladder.report.spots import FONT
from taskfit.ladder.report.svg import Axis, Box, axis_around, log_axis_around, roomy_place, spread
from taskfit.ladder.report.visible import width_of


def _with_costs(report: Report, costs: list[float]) -> Report:
    return replace(
        report,
        measurements=tuple(
            replace(one, cost=replace(one.cost, flops_per_answer=cost, seconds_per_answer=0.0))
            for one, cost in zip(report.measurements, costs, strict=True)
        ),
    )


def _names(picture: str) -> list[Box]:
    found = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" class="name (\w+)">([^<]*)</text>', picture)
    boxes = []
    for x, y, anchor, name in found:
        wide = width_of(name) * FONT
        left = float(x) - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        boxes.append(Box(left, float(y) - 11, left + wide, float(y) + 3))
    return boxes


@pytest.mark.parametrize(
    "costs",
    [
        [2.1e9, 2.3e9, 6.4e9, 2.0e9, 2.0e9, 2.05e9, 2.1e9],
        [1e9] * 7,
        [1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12],
        [1e9, 1.01e9, 1.02e9, 1.03e9, 1.04e9, 1.05e9, 9e9],
    ],
)
def test_every_rung_is_named_and_no_name_covers_another(costs: list[float]) -> None:
    names = _names(str(ladder_picture(_with_costs(sample_report(), costs))))
    assert len(names) == 7
    assert sum(one.overlap(other) for one, other in combinations(names, 2)) == 0


def test_the_stop_rung_is_marked_once_and_the_front_is_drawn() -> None:
    picture = str(ladder_picture(sample_report()))
    assert picture.count('class="halo"') == 1
    assert picture.count('class="front"') == 1


def test_money_is_preferred_when_every_rung_has_a_price() -> None:
    report = sample_report(20)
    priced = replace(
        report,
        measurements=tuple(replace(one, cost=replace(one.cost, money_per_1000=0.4)) for one in report.measurements),
    )
    assert costs_of(report).unit.en == "GFLOPs"
    assert costs_of(priced).unit.en == "money"


def test_rungs_without_a_cost_are_counted_not_drawn() -> None:
    picture = str(ladder_picture(_with_costs(sample_report(20), [0.0, 0.0, 1e9, 1e9, 1e9, 1e9, 1e9])))
    assert len(_names(picture)) == 5
    assert "Not drawn, because its value or cost is not known: 2." in picture


def test_nothing_to_draw_is_said() -> None:
    assert "Nothing to draw" in str(ladder_picture(_with_costs(sample_report(20), [0.0] * 7)))


def test_axes_map_their_ends_and_mark_round_values() -> None:
    assert Axis(0.0, 10.0, 100.0, 200.0).at(5.0) == 150.0
    assert Axis(1.0, 100.0, 0.0, 10.0, log=True).at(10.0) == 5.0
    assert Axis(0.42, 0.93, 0, 1).ticks() == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9])
    assert Axis(1.0, 1e6, 0, 1, log=True).ticks() == pytest.approx([1, 10, 100, 1e3, 1e4, 1e5, 1e6])
    assert log_axis_around([5.0, 5.0], 0, 1).high == pytest.approx(10.0)
    assert axis_around([], 0, 1).low < 0.5 < axis_around([float("nan"), 0.5], 0, 1).high


def test_spread_keeps_order_and_distance() -> None:
    moved = spread([10.0, 10.0, 11.0, 80.0], 8.0)
    assert moved == sorted(moved)
    assert min(b - a for a, b in pairwise(moved)) >= 8.0 - 1e-9
    assert moved[-1] == 80.0


def test_a_name_goes_where_nothing_is() -> None:
    taken = [Box(0, 0, 10, 10)]
    places = [Box(5, 5, 15, 15), Box(20, 0, 30, 10), Box(90, 90, 120, 100)]
    assert roomy_place(places, taken, Box(0, 0, 100, 100)) == places[1]
