"""What was forgotten: what each rung gains on the task against what it loses elsewhere, and how much its answers differ."""

import math
from collections.abc import Callable, Sequence

from taskfit.core.measurement import Collapse, Forgetting, Interval, Measurement, Probe, Report, Variety
from taskfit.core.text import Text
from taskfit.ladder.forgotten import THRESHOLDS, interval_text, probe_name
from taskfit.ladder.report import numbers
from taskfit.ladder.report.markup import Child, Html, el
from taskfit.ladder.report.spots import FRAME, scatter
from taskfit.ladder.report.svg import axis_around
from taskfit.ladder.report.table import FORGETTING_UNKNOWN, UNCHANGED, Cell, Column, Line, Table, primary_metric
from taskfit.ladder.report.words import NO, RUNG, YES
from taskfit.measure.forgetting import elsewhere, is_lost

TITLE = Text("What was forgotten", "遗忘")
LEAD = Text(
    "Against the unadapted base: the divergence KL(base || adapted) on texts that the base wrote itself, the change of "
    "loss on text that has nothing to do with the task, and questions of other tasks, in points; with 95 % intervals. "
    "Rungs that train nothing have the base's weights: unchanged.",
    "与未适配的基座相比：在基座自己写的文本上的偏离 KL（基座 || 适配后），与任务无关的文本的损失变化，"
    "以及其他任务问题的得分变化（百分点）；附 95 % 区间。不训练的方法沿用基座权重：未改变。",
)
IDENTITY = {
    "adapter off": Text("with the adapter off", "关闭适配器后"),
    "base kept": Text("base beside it", "旁边的基座"),
}
EXACT = Text("exactly the base", "与基座完全一致")
SHORTLY = Text(
    "forgetting: change of the loss on general text, nats per token; what else was lost is in the HTML report",
    "遗忘：通用文本上每词元损失的变化（nat）；其余见 HTML 报告",
)
VARIETY_LEAD = Text(
    "How much the answers to the test rows differ (first seed, the first rows): the share of word sequences that are not "
    "repeated (distinct), the mean likeness of two answers, the commonest answer and the entropy in nats.",
    "对测试行的回答有多大差异（首个种子、前若干行）：不重复的词序列比例（distinct）、两个回答的平均相似度、"
    "最常见回答的占比，以及熵（nat）。",
)


def forgetting_table(report: Report) -> Table | None:
    """Return what each rung lost, one column a probe; None when nothing was measured."""
    measured = [one for one in report.measurements if one.forgotten is not None]
    probes = {probe.name: probe for one in measured if one.forgotten for probe in one.forgotten.probes}
    if not probes:
        return None
    columns = [Column(RUNG, number=False), *(Column(_titled(probe)) for probe in probes.values())]
    columns.append(Column(Text("is it still the base?", "是否仍是基座"), number=False))
    lines = [Line(tuple(_cells(one, one.forgotten, tuple(probes)))) for one in measured if one.forgotten]
    return Table(tuple(columns), tuple(lines))


def collapse_table(report: Report) -> Table | None:
    """Return how much answers differ, rung by rung, with the gold answers' and the base's; None when not known."""
    found = [(one.rung, one.collapse) for one in report.measurements if one.collapse is not None]
    if not found:
        return None
    columns = (
        Column(RUNG, number=False),
        Column(Text("answers", "回答数")),
        Column(Text("different", "不同回答")),
        *(Column(Text(f"distinct-{n}", f"distinct-{n}")) for n in (1, 2, 3)),
        Column(Text("likeness", "相似度")),
        Column(Text("commonest, %", "最常见（%）")),
        Column(Text("entropy", "熵")),
        Column(Text("collapsed", "坍缩"), number=False),
    )
    base = next((one.base for _, one in found if one.base is not None), None)
    lines = [_variety(Text("gold answers", "标准答案"), found[0][1].gold, None)]
    if base is not None:
        lines.append(_variety(Text("the unadapted base", "未适配的基座"), base, None))
    lines += [_variety(Text(rung, rung), one.adapted, one) for rung, one in found]
    return Table(columns, tuple(lines))


def forgetting_section(report: Report, markup: Callable[[Table], Html]) -> Html | None:
    """Return the section of the page; `markup` draws a table. None when nothing was measured."""
    lost, collapse = forgetting_table(report), collapse_table(report)
    if lost is None and (collapse is None or all(one.forgotten is None for one in report.measurements)):
        return None
    content: list[Child] = []
    if lost is not None:
        content += [_picture(report), markup(lost), el("p", THRESHOLDS, class_="note"), _notes(report.measurements)]
    if collapse is not None:
        more = el("summary", Text("How much the answers differ", "回答的差异"))
        content.append(el("details", more, el("p", VARIETY_LEAD, class_="note"), markup(collapse)))
    return el("section", el("h2", TITLE), el("p", LEAD, class_="lead"), *content, id="forgetting")


def _picture(report: Report) -> Html | None:
    """Return the task's value against the loss elsewhere; None when fewer than two rungs have both."""
    name = primary_metric(report)
    places: list[tuple[str, Interval, float]] = []
    for one in report.measurements:
        loss = elsewhere(one.forgotten)
        if loss is not None and name in one.metrics and math.isfinite(one.metrics[name].estimate):
            places.append((one.rung, one.metrics[name], loss))
    if len(places) < 2 or all(loss == 0 for _, _, loss in places):
        return None
    horizontal = axis_around([loss for _, _, loss in places], FRAME.left + 80, FRAME.right - 50)
    below = Text("loss elsewhere: change on general text, nats per token", "其他文本的损失变化（每词元 nat）")
    caption = Text(
        "The task against what was lost elsewhere: up is better on the task, left is less forgotten. Rungs that change "
        "nothing stand at 0, side by side. Bars are 95 % intervals.",
        "任务表现与别处的损失：越高任务越好，越靠左遗忘越少。不改变权重的方法都在 0 处并排放置。竖线为 95 % 区间。",
    )
    drawing = scatter(report, places, horizontal, below, label="task against loss elsewhere")
    return el("figure", el("div", drawing, class_="scroll"), el("figcaption", caption))


def _titled(probe: Probe) -> Text:
    name = probe_name(probe)
    unit = {
        "kl": Text("nats/token", "每词元 nat"),
        "loss": Text("nats/token", "每词元 nat"),
        "skill": Text("points", "百分点"),
        "features": Text("1 = the same", "1 = 相同"),
    }[probe.kind]
    return Text(f"{name.en}, {unit.en}", f"{name.zh}（{unit.zh}）")


def _cells(one: Measurement, found: Forgetting, names: Sequence[str]) -> list[Cell]:
    by_name = {probe.name: probe for probe in found.probes}
    state = (
        UNCHANGED if found.state == "unchanged" else FORGETTING_UNKNOWN if found.state == "unknown" else numbers.NONE
    )
    cells = [Cell(Text(one.rung, one.rung))]
    cells += [_probe_cell(by_name[name]) if name in by_name else Cell(state) for name in names]
    return [*cells, _identity_cell(found)]


def _probe_cell(probe: Probe) -> Cell:
    change = probe.change
    if probe.kind == "skill":
        shown = interval_text(change, 100, 1)
        note = f"{100 * probe.base:.1f} → {100 * probe.adapted:.1f} %"
    elif probe.kind == "features":
        shown = numbers.minus(f"{1 + change.estimate:.3f} [{1 + change.low:.3f}, {1 + change.high:.3f}]")
        note = ""
    else:
        shown = interval_text(change, 1, 3)
        note = f"{probe.base:.2f} → {probe.adapted:.2f}" if probe.kind == "loss" else ""
    if probe.per_byte is not None:
        before, after = probe.per_byte
        both = f"{before:.3f} → {after:.3f}"
        said = Text(f"{note} (byte: {both})", f"{note}（字节：{both}）")
    else:
        said = Text(note, note)
    return Cell(Text(shown, shown), said if said.en else None, warns=is_lost(probe))


def _identity_cell(found: Forgetting) -> Cell:
    if found.identity is None or found.identity_gap is None:
        return Cell(UNCHANGED if found.state == "unchanged" else numbers.NONE)
    if found.identity_gap == 0:
        return Cell(EXACT, IDENTITY[found.identity])
    gap = f"{found.identity_gap:.2g}"
    return Cell(Text(f"no: up to {gap} away", f"否：最大相差 {gap}"), IDENTITY[found.identity], warns=True)


def _variety(name: Text, one: Variety, found: Collapse | None) -> Line:
    collapsed = None if found is None else found.collapsed
    cells = [
        Cell(name),
        Cell(numbers.count(one.answers)),
        Cell(numbers.count(one.different)),
        *(Cell(numbers.significant(share)) for share in one.distinct),
        Cell(numbers.significant(one.alike)),
        Cell(numbers.metric(one.most_frequent, percent=True)),
        Cell(numbers.significant(one.entropy)),
        Cell(numbers.NONE if collapsed is None else YES if collapsed else NO, warns=bool(collapsed)),
    ]
    return Line(tuple(cells))


def _notes(measurements: Sequence[Measurement]) -> Html:
    """Return what could not be measured, each sentence once, and how long measuring took."""
    measured = [
        (one.rung, one.forgotten) for one in measurements if one.forgotten and one.forgotten.state == "measured"
    ]
    told: dict[tuple[str, str], list[str]] = {}
    for rung, found in measured:
        for note in found.notes:
            told.setdefault((note.get("en", ""), note.get("zh", "")), []).append(rung)
    said = []
    for (en, zh), rungs in told.items():
        names = ", ".join(rungs)
        every = len(rungs) == len(measured)
        said.append(Text(en if every else f"{names}: {en}", zh if every else f"{names}：{zh}"))
    took = numbers.seconds(sum(found.seconds for _, found in measured))
    said.append(Text(f"measured on the first seed, in {took.en}", f"在首个种子上测量，用时 {took.zh}"))
    return el("ul", [el("li", one) for one in said], class_="plain note")
