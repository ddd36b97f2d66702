"""The tables of the report, once, for the page, for Markdown and for the terminal."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from taskfit.core.measurement import Comparison, Measurement, Reason, Report
from taskfit.core.text import Text, same
from taskfit.ladder.report import numbers
from taskfit.ladder.report.words import NO, RUNG, STAY_HERE, STOP_HERE, YES, metric_name
from taskfit.measure.forgetting import elsewhere
from taskfit.measure.forgetting import lost as forgotten
from taskfit.measure.metric import is_error

FORGETTING = Text("forgetting", "遗忘")
UNCHANGED = Text("unchanged", "未改变")
FORGETTING_UNKNOWN = Text("not measured", "未测量")


@dataclass(frozen=True)
class Column:
    """One column; where room is short, those with the highest `drop` go first (0 = never)."""

    title: Text
    number: bool = True
    drop: int = 0


@dataclass(frozen=True)
class Cell:
    """One cell: what it says, and a smaller remark; one that `warns` stands out."""

    text: Text
    note: Text | None = None
    warns: bool = False


@dataclass(frozen=True)
class Line:
    """One line of a table; `marked` lines stand out."""

    cells: tuple[Cell, ...]
    marked: bool = False


@dataclass(frozen=True)
class Table:
    """Columns and lines."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


def primary_metric(report: Report) -> str:
    """Return the name of the metric that the verdict is about, or "" when nothing was measured."""
    return next((name for one in report.measurements for name in one.metrics), "")


def is_percent(report: Report, name: str) -> bool:
    """Tell whether the metric `name` is a share: all its values lie between 0 and 1, and it is no error in units."""
    found = [one.metrics[name].estimate for one in report.measurements if name in one.metrics]
    return not is_error(name) and all(0 <= value <= 1 for value in found if math.isfinite(value))


def reason_text(reason: Reason) -> Text:
    """Return a reason without the name of its rung in front, which every form of the report shows by itself."""
    return Text(reason.en.removeprefix(f"{reason.rung}: "), reason.zh.removeprefix(f"{reason.rung}："))


def stop_word(report: Report) -> Text:
    """Return what is written at the rung that the verdict names."""
    return STOP_HERE if report.verdict.kind == "stop" else STAY_HERE


def ladder_table(report: Report) -> Table:
    """Return the table of all measured rungs, in the order of the ladder."""
    name = primary_metric(report)
    percent = is_percent(report, name)
    unit, points = (" %", Text(", points", "（百分点）")) if percent else ("", Text("", ""))
    lost = any(one.forgotten is not None for one in report.measurements)
    columns = (
        Column(RUNG, number=False),
        Column(
            Text(
                f"{metric_name(name).en}{unit} [95\u00a0%\u00a0CI]",
                f"{metric_name(name).zh}{unit}［95\u00a0%\u00a0区间］",
            )
        ),
        Column(Text(f"difference{points.en}", f"差异{points.zh}"), drop=1),
        Column(Text("p (Holm)", "p（Holm）"), drop=5),
        Column(Text("cost per 1,000", "每千次费用"), drop=3),
        Column(Text("adapting", "适配用时"), drop=4),
        *([Column(FORGETTING, drop=2)] if lost else []),
        Column(Text("latency p50 / p95, ms", "延迟 p50 / p95（毫秒）"), drop=6),
        Column(Text("peak memory", "峰值内存"), drop=7),
        Column(Text("parameters trained", "训练参数量"), drop=8),
        Column(Text("looks", "查看次数"), drop=9),
    )
    lines = (_rung_line(report, one, percent=percent, lost=lost) for one in report.measurements)
    return Table(columns, tuple(lines))


def comparison_table(report: Report) -> Table:
    """Return the table of all comparisons; the two counts are the fifth and sixth column."""
    percent = is_percent(report, primary_metric(report))
    points = Text(", points", "（百分点）") if percent else Text("", "")
    columns = (
        Column(Text("from", "从"), number=False),
        Column(Text("to", "到"), number=False),
        Column(Text(f"difference [95\u00a0%\u00a0CI]{points.en}", f"差异［95\u00a0%\u00a0区间］{points.zh}")),
        Column(same("p"), drop=2),
        Column(Text("p (Holm)", "p（Holm）")),
        Column(Text("rows lost", "变错的行"), drop=1),
        Column(Text("rows won", "变对的行"), drop=1),
        Column(Text("planned", "预先计划"), number=False, drop=3),
    )
    return Table(columns, tuple(_comparison_line(one, percent=percent) for one in report.comparisons))


def planned_before(report: Report, rung: str) -> Comparison | None:
    """Return the planned comparison in which `rung` is the new one."""
    return next((one for one in report.comparisons if one.new == rung and one.planned), None)


def cost_text(report: Report, one: Measurement) -> Text:
    """Return the cost of 1,000 requests: money where a price is known, else GFLOPs."""
    if one.cost.money_per_1000 is not None:
        currency = str(report.run.get("currency", "") or "")
        return same(f"{currency} {numbers.significant(one.cost.money_per_1000).en}".strip())
    if one.cost.flops_per_answer <= 0:
        return numbers.NONE
    return same(f"{numbers.significant(one.cost.flops_per_answer * 1000 / 1e9).en} GFLOPs")


def _rung_line(report: Report, one: Measurement, *, percent: bool, lost: bool) -> Line:
    compared = planned_before(report, one.rung)
    stop = one.rung == report.verdict.stop_at
    cost = one.cost
    cells = (
        Cell(same(one.rung), stop_word(report) if stop else None),
        _metric_cell(one, primary_metric(report), percent=percent),
        Cell(numbers.NONE)
        if compared is None
        else Cell(
            numbers.difference(compared.difference, percent=percent),
            Text(f"against {compared.old}", f"对比 {compared.old}"),
        ),
        Cell(numbers.NONE if compared is None else numbers.p_value(compared.p_holm)),
        Cell(cost_text(report, one)),
        Cell(numbers.seconds(cost.adapt_seconds)),
        *([_forgetting_cell(one)] if lost else []),
        Cell(_latency(one)),
        Cell(numbers.size(cost.bytes_peak)),
        Cell(numbers.count(cost.parameters_trained)),
        Cell(_looks(report, one.rung)),
    )
    return Line(cells, marked=stop)


def _metric_cell(one: Measurement, name: str, *, percent: bool) -> Cell:
    if name not in one.metrics:
        return Cell(numbers.UNDEFINED)
    note = Text(f"{one.unscored:,} unreadable", f"{one.unscored:,} 行无法读出") if one.unscored else None
    return Cell(numbers.metric_interval(one.metrics[name], percent=percent), note)


def _forgetting_cell(one: Measurement) -> Cell:
    """The loss elsewhere, with the divergence beside it; of encoders, how alike the features still are."""
    found = one.forgotten
    if found is None or found.state != "measured":
        return Cell(UNCHANGED if found and found.state == "unchanged" else FORGETTING_UNKNOWN)
    loss, worst = elsewhere(found), bool(forgotten(found))
    by_kind = {probe.kind: probe for probe in found.probes}
    kl = by_kind.get("kl")
    note = None if kl is None else same(f"KL {numbers.significant(kl.adapted).en}")
    if loss is not None:
        shown = numbers.minus(f"{round(loss, 2) + 0.0:+.2f}")
        return Cell(Text(f"{shown} nats", f"{shown} nat"), note, warns=worst)
    alike = next((probe.adapted for probe in found.probes if probe.kind == "features"), None)
    if alike is None:
        return Cell(note or numbers.NONE, warns=worst)
    return Cell(Text(f"features {alike:.3f}", f"特征 {alike:.3f}"), warns=worst)


def _latency(one: Measurement) -> Text:
    if one.cost.latency_p50_ms is None and one.cost.latency_p95_ms is None:
        return numbers.NONE
    p50, p95 = numbers.milliseconds(one.cost.latency_p50_ms), numbers.milliseconds(one.cost.latency_p95_ms)
    return Text(f"{p50.en} / {p95.en}", f"{p50.zh} / {p95.zh}")


def _looks(report: Report, rung: str) -> Text:
    looks = report.run.get("test_looks")
    found = looks.get(rung) if isinstance(looks, Mapping) else looks
    return same(f"{found}") if isinstance(found, int) else numbers.NONE


def _comparison_line(one: Comparison, *, percent: bool) -> Line:
    cells = (
        Cell(same(one.old)),
        Cell(same(one.new)),
        Cell(numbers.difference(one.difference, percent=percent)),
        Cell(numbers.p_value(one.p)),
        Cell(numbers.p_value(one.p_holm) if one.planned else numbers.NONE),
        Cell(numbers.count(one.only_old)),
        Cell(numbers.count(one.only_new)),
        Cell(YES if one.planned else NO),
    )
    return Line(cells)
