"""The tables of methods.py, in the terminal and between the marks of docs/methods*.md."""

from collections.abc import Mapping, Sequence
from typing import Any

from common import HERE, table

DOCS = HERE.parent / "docs"
Facts = Mapping[str, Any]
ALONE = {
    "en": ("method", "rows", "model", "measure", "before", "after", "CPU s", "peak MB"),
    "zh": ("方法", "数据", "模型", "指标", "训练前", "训练后", "CPU 秒", "内存峰值 MB"),
}
RUNGS = {
    "en": ("rung", "rows", "model", "measure", "result", "CPU s of adapting", "loss elsewhere, nats"),
    "zh": ("台阶", "数据", "模型", "指标", "结果", "适配 CPU 秒", "其他文本损失变化（nat）"),
}
UNCHANGED = {"en": "unchanged", "zh": "未改变"}
FEATURES = {"en": "features", "zh": "特征"}


def alone_rows(cases: Sequence[Facts]) -> list[tuple[str, ...]]:
    """Return the lines of the methods alone."""
    rows = []
    for one in cases:
        if "rungs" in one:
            continue
        took = (f"{one['cpu_seconds']:.0f}", f"{one['bytes_peak'] / 1e6:,.0f}")
        start = (f"`{one['method']}`", f"{one['set']}, {one['rows']}", one["model"])
        if not one["scores"]:
            rows.append((*start, "–", "–", f"exit {one['exit']}", *took))
        for score in one["scores"]:
            before = "–" if score["before"] is None else _number(score["metric"], score["before"]["estimate"])
            mark = "**" if score["better"] else ""
            after = f"{mark}{_number(score['metric'], score['after']['estimate'])}{mark}"
            rows.append(
                (*start, score["metric"], before, f"{after} {_interval(score['metric'], score['after'])}", *took)
            )
    return rows


def rung_rows(cases: Sequence[Facts], language: str) -> list[tuple[str, ...]]:
    """Return the lines of the ladders."""
    rows = []
    for case in cases:
        start = (f"{case['set']}, {case['rows']}", case["model"])
        for one in case.get("rungs", ()):
            metric, after = one["metric"], one["after"]
            shown = f"{_number(metric, after['estimate'])} {_interval(metric, after)}"
            lost = _elsewhere(one["forgotten"], language)
            rows.append((f"`{one['rung']}`", *start, metric, shown, f"{one['cpu_seconds']:.0f}", lost))
        for one in case.get("failed", ()):
            rows.append((f"`{one['rung']}`", *start, one["kind"], one["said"], "–", "–"))
    return rows


def show(cases: Sequence[Facts]) -> None:
    """Print both tables, and the commands that ended badly."""
    print(table(ALONE["en"], alone_rows(cases)))
    print()
    print(table(RUNGS["en"], rung_rows(cases, "en")))
    for one in cases:
        if one["exit"] or one["traceback"]:
            print(f"{one['name']}: exit {one['exit']}{', traceback' if one['traceback'] else ''}: {one['said']}")


def write_docs(cases: Sequence[Facts]) -> None:
    """Put the tables into both pages, between their marks."""
    for file, language in (("methods.md", "en"), ("methods.zh.md", "zh")):
        path = DOCS / file
        text = path.read_text(encoding="utf-8")
        for name, made in (
            ("alone", table(ALONE[language], alone_rows(cases))),
            ("rungs", table(RUNGS[language], rung_rows(cases, language))),
        ):
            before, rest = text.split(f"<!-- table: {name} -->\n")
            text = f"{before}<!-- table: {name} -->\n{made}\n<!-- end -->{rest.split('<!-- end -->', 1)[1]}"
        path.write_text(text, encoding="utf-8")


def _percent(metric: str) -> bool:
    return metric not in ("loss", "pearson", "spearman")


def _number(metric: str, value: float) -> str:
    return f"{100 * value:.1f}" if _percent(metric) else f"{value:.3f}"


def _interval(metric: str, one: Facts) -> str:
    return f"[{_number(metric, one['low'])}, {_number(metric, one['high'])}]"


def _elsewhere(found: Facts | None, language: str) -> str:
    if found is None or found["state"] == "unknown":
        return "–"
    if found["state"] == "unchanged":
        return UNCHANGED[language]
    alike = [one["adapted"] for one in found["probes"] if one["kind"] == "features"]
    if alike:
        return f"{FEATURES[language]} {alike[0]:.3f}"
    changes = [one["change"]["estimate"] for one in found["probes"] if one["kind"] == "loss"]
    return f"{sum(changes) / len(changes):+.2f}".replace("-", "−") if changes else "–"
