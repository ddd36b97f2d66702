"""The first sections of the page: verdict, picture, tables, failed rungs, prompts, warnings."""

from collections.abc import Sequence

from taskfit.core.measurement import Measurement, Report
from taskfit.core.text import Text
from taskfit.ladder.report import numbers
from taskfit.ladder.report.markup import Child, Html, el
from taskfit.ladder.report.table import Cell, Line, Table, comparison_table, is_percent, ladder_table, reason_text
from taskfit.ladder.report.visible import cut
from taskfit.ladder.report.words import DECIDED, FAILED, IMPOSSIBLE, RUNG, UNDECIDED, metric_name

LONGEST_PROMPT = 20_000


def section(name: str, title: Text, *content: Child, lead: Text | None = None) -> Html:
    """Return one section of the page."""
    return el("section", el("h2", title), el("p", lead, class_="lead") if lead else None, *content, id=name)


def verdict_section(report: Report) -> Html:
    """Return the verdict, large, with its reasons."""
    verdict = report.verdict
    decided = verdict.kind == "stop"
    more = Text(
        f"About {verdict.rows_needed or 0:,} more test rows would decide.",
        f"再有约 {verdict.rows_needed or 0:,} 条测试行即可定论。",
    )
    return el(
        "section",
        el("p", DECIDED if decided else UNDECIDED, class_=f"badge {'decided' if decided else 'undecided'}"),
        el("p", Text(verdict.en, verdict.zh), class_="verdict data"),
        el("p", more, class_="more") if verdict.rows_needed and f"{verdict.rows_needed:,}" not in verdict.en else None,
        el(
            "ul",
            [el("li", el("span", one.rung, class_="rung"), el("span", reason_text(one))) for one in verdict.reasons],
            class_="reasons",
        ),
        id="verdict",
    )


def table_markup(table: Table, *, class_: str = "") -> Html:
    """Return a table; number columns are aligned right."""
    return _bare_table(table, [_line(table, line) for line in table.lines], class_=class_)


def small_table(titles: Sequence[Child], lines: Sequence[Sequence[Child]], *, texts: int = 1) -> Html:
    """Return a plain table whose first `texts` columns are text and the others numbers."""
    return el(
        "div",
        el(
            "table",
            el("thead", el("tr", [_plain_cell("th", one, place >= texts) for place, one in enumerate(titles)])),
            el(
                "tbody",
                [
                    el("tr", [_plain_cell("td", one, place >= texts) for place, one in enumerate(line)])
                    for line in lines
                ],
            ),
            class_="small",
        ),
        class_="scroll",
    )


def ladder_section(report: Report) -> Html:
    """Return the table of rungs, the comparisons, and all metrics where there are several."""
    return section(
        "table",
        Text("The rungs", "各级台阶"),
        table_markup(ladder_table(report), class_="main"),
        el("h3", Text("Compared on the same rows", "同一批数据上的比较")) if report.comparisons else None,
        _comparisons(report) if report.comparisons else None,
        _all_metrics(report),
        _remarks(report.measurements),
    )


def failed_section(report: Report) -> Html | None:
    """Return the rungs without a measurement, each with its reason; None when there are none."""
    if not report.failed:
        return None
    lines = [
        (one.rung, IMPOSSIBLE if one.kind == "impossible" else FAILED, Text(one.en, one.zh)) for one in report.failed
    ]
    return section(
        "failed",
        Text("Rungs without a measurement", "没有测量结果的台阶"),
        small_table((RUNG, Text("state", "状态"), Text("why", "原因")), lines, texts=3),
        lead=Text("They have no score and take no part in the verdict.", "它们没有得分，也不参与结论。"),
    )


def prompt_section(report: Report) -> Html | None:
    """Return the prompt of each rung as the model saw it."""
    blocks = [
        el(
            "details",
            el(
                "summary",
                el("b", one.rung),
                el("small", Text(f"{len(one.prompt):,} characters", f"{len(one.prompt):,} 字符")),
            ),
            el("pre", cut(one.prompt, LONGEST_PROMPT), class_="data"),
        )
        for one in report.measurements
        if one.prompt
    ]
    return section("prompts", Text("The prompt as the model saw it", "模型实际看到的提示"), blocks) if blocks else None


def warning_section(report: Report) -> Html | None:
    """Return the warnings of the run."""
    if not report.warnings:
        return None
    return section(
        "warnings",
        Text("Warnings", "警告"),
        el("ul", [el("li", Text(one.get("en", ""), one.get("zh", ""))) for one in report.warnings], class_="warnings"),
    )


def _plain_cell(tag: str, content: Child, number: bool) -> Html:
    return el(tag, content, class_="number" if number else "data")


def _line(table: Table, line: Line) -> Html:
    cells = [
        _cell(cell, number=column.number, header=place == 0)
        for place, (column, cell) in enumerate(zip(table.columns, line.cells, strict=True))
    ]
    return el("tr", cells, class_="stop" if line.marked else None)


def _cell(cell: Cell, *, number: bool, header: bool) -> Html:
    note = el("small", cell.note) if cell.note else None
    text = el("b", cell.text, class_="warns") if cell.warns else cell.text
    return el("th" if header else "td", text, note, class_="number" if number else "data")


def _comparisons(report: Report) -> list[Html | None]:
    """Return the planned comparisons, and behind a click the others.

    With the script, the counts of rows lost and won show exactly these rows below.
    """
    place = {one.rung: number for number, one in enumerate(report.measurements)}
    table = comparison_table(report)
    planned: list[Html] = []
    others: list[Html] = []
    for one, line in zip(report.comparisons, table.lines, strict=True):
        cells = [
            _cell(cell, number=column.number, header=False)
            for column, cell in zip(table.columns, line.cells, strict=True)
        ]
        if one.old in place and one.new in place:
            cells[5] = _jump(line.cells[5].text, right=place[one.old], wrong=place[one.new])
            cells[6] = _jump(line.cells[6].text, right=place[one.new], wrong=place[one.old])
        (planned if one.planned else others).append(el("tr", cells))
    more = Text(f"{len(others)} pairs that were not planned beforehand", f"另有 {len(others)} 组事先未计划的比较")
    return [
        _bare_table(table, planned) if planned else None,
        el("details", el("summary", more), _bare_table(table, others)) if others else None,
    ]


def _bare_table(table: Table, lines: Sequence[Html], *, class_: str = "") -> Html:
    head = el("tr", [el("th", one.title, class_="number" if one.number else None) for one in table.columns])
    return el("div", el("table", el("thead", head), el("tbody", lines), class_=class_ or None), class_="scroll")


def _jump(shown: Text, *, right: int, wrong: int) -> Html:
    return el(
        "td", el("button", shown, type="button", class_="jump", data_right=right, data_wrong=wrong), class_="number"
    )


def _all_metrics(report: Report) -> Html | None:
    names = list(dict.fromkeys(name for one in report.measurements for name in one.metrics))
    if len(names) < 2:
        return None
    percent = {name: is_percent(report, name) for name in names}
    lines: list[list[Child]] = [
        [
            one.rung,
            *(
                numbers.metric_interval(one.metrics[name], percent=percent[name])
                if name in one.metrics
                else numbers.NONE
                for name in names
            ),
        ]
        for one in report.measurements
    ]
    titles = [
        Text(
            metric_name(name).en + (", %" if percent[name] else ""),
            metric_name(name).zh + ("（%）" if percent[name] else ""),
        )
        for name in names
    ]
    return el("details", el("summary", Text("All metrics", "全部指标")), small_table([RUNG, *titles], lines))


def _remarks(measurements: Sequence[Measurement]) -> Html | None:
    items = [
        el("li", el("span", one.rung, class_="rung"), Text(remark.get("en", ""), remark.get("zh", "")))
        for one in measurements
        for remark in one.remarks
    ]
    return el("ul", items, class_="remarks") if items else None
