"""Inside each rung: trials on dev, scores per class, and which labels are mistaken for which."""

from collections.abc import Sequence

from taskfit.core.measurement import ClassScore, Confusion, Measurement, Report
from taskfit.core.prediction import Trial
from taskfit.core.text import Text, same
from taskfit.ladder.report import numbers
from taskfit.ladder.report.curves import learning_curves
from taskfit.ladder.report.markup import Child, Html, el
from taskfit.ladder.report.sections import section, small_table
from taskfit.ladder.report.table import is_percent, primary_metric
from taskfit.ladder.report.visible import cut, one_line
from taskfit.ladder.report.words import RUNG, UNREADABLE, YES

FEW_LABELS = 12
PAIRS_SHOWN = 20
MAP_SIDE = 480


def curve_section(report: Report) -> Html | None:
    """Return the learning curves of training; None when nothing was trained."""
    curves = learning_curves(report.measurements, percent=is_percent(report, primary_metric(report)))
    return section("curves", Text("Learning curves", "学习曲线"), curves) if curves else None


def trial_section(report: Report) -> Html | None:
    """Return what was tried on dev, per rung."""
    percent = is_percent(report, primary_metric(report))
    blocks = [
        el(
            "details",
            el("summary", el("b", one.rung), el("small", _tried(one.trials, percent=percent))),
            _trials(one.trials, percent=percent),
        )
        for one in report.measurements
        if one.trials
    ]
    if not blocks:
        return None
    lead = Text(
        "Settings are chosen on dev; the test rows play no part in it.", "设置在开发集上选定，测试集不参与选择。"
    )
    return section("trials", Text("Tried on dev", "开发集上的尝试"), blocks, lead=lead)


def class_section(report: Report) -> Html | None:
    """Return scores per class and the confusion matrix of each rung."""
    blocks = [_classes_of(one, report) for one in report.measurements if one.classes or one.confusion]
    return section("classes", Text("Label by label", "逐个标签"), blocks) if blocks else None


def calibration_section(report: Report) -> Html | None:
    """Return how far the probabilities of each rung can be trusted."""
    lines = [
        (
            one.rung,
            numbers.NONE if one.calibration.ece is None else numbers.metric(one.calibration.ece, percent=True),
            numbers.significant(one.calibration.brier),
            numbers.significant(one.calibration.nll),
            numbers.count(one.calibration.rows),
        )
        for one in report.measurements
        if one.calibration is not None
    ]
    if not lines:
        return None
    titles = (
        RUNG,
        Text("calibration error, points", "校准误差（百分点）"),
        Text("Brier", "Brier 分数"),
        Text("negative log-likelihood", "负对数似然"),
        Text("rows", "行数"),
    )
    return section(
        "calibration",
        Text("Can its probabilities be trusted?", "概率可信吗？"),
        small_table(titles, lines),
        lead=Text(
            "Lower is better in every column. The calibration error needs at least 300 rows.",
            "各列均越低越好。校准误差至少需要 300 行。",
        ),
    )


def confused_pairs(confusion: Confusion) -> list[tuple[str, str | None, int, int]]:
    """Return (gold, answer, rows, gold rows) of all mistakes, most frequent first; answer None = unreadable."""
    names: list[str | None] = [*confusion.labels, None]
    found = [
        (gold, names[column], count, sum(counts))
        for row, (gold, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True))
        for column, count in enumerate(counts)
        if count and column != row
    ]
    return sorted(found, key=lambda one: -one[2])


def _tried(trials: Sequence[Trial], *, percent: bool) -> Text:
    best = next((one for one in trials if one.chosen), None)
    if best is None:
        return Text(f"{len(trials)} tried", f"共 {len(trials)} 次")
    score, unit = numbers.metric(best.dev_score, percent=percent), " %" if percent else ""
    return Text(
        f"{len(trials)} tried, the chosen one has {score.en}{unit}", f"共 {len(trials)} 次，选中者得分 {score.zh}{unit}"
    )


def _trials(trials: Sequence[Trial], *, percent: bool) -> Html:
    unit = ", %" if percent else ""
    keys = list(dict.fromkeys(key for one in trials for key in one.settings))
    lines: list[list[Child]] = [
        [
            *(str(one.settings.get(key, "–")) for key in keys),
            YES if one.chosen else same(""),
            numbers.metric(one.dev_score, percent=percent),
            numbers.seconds(one.seconds),
        ]
        for one in trials
    ]
    titles: list[Child] = [
        *keys,
        Text("chosen", "选中"),
        Text(f"score on dev{unit}", f"开发集得分{unit}"),
        Text("time", "用时"),
    ]
    return small_table(titles, lines, texts=len(keys) + 1)


def _classes_of(one: Measurement, report: Report) -> Html:
    shown = [el("summary", el("b", one.rung), el("small", _weakest(one.classes)) if one.classes else None)]
    if one.confusion is not None:
        shown.append(_confusion(one.confusion))
    if one.classes:
        table = _class_table(one.classes)
        many = len(one.classes) > FEW_LABELS
        every = Text(f"All {len(one.classes)} labels", f"全部 {len(one.classes)} 个标签")
        shown.append(el("details", el("summary", every), table) if many else table)
    return el("details", shown, open=one.rung == report.verdict.stop_at)


def _weakest(classes: Sequence[ClassScore]) -> Text:
    low = min(classes, key=lambda one: one.f1)
    name, score = cut(one_line(low.label), 40), numbers.metric(low.f1, percent=True)
    return Text(f"weakest label: {name} (F1 {score.en} %)", f"最弱的标签：{name}（F1 {score.zh} %）")


def _class_table(classes: Sequence[ClassScore]) -> Html:
    lines = [
        (
            one.label,
            numbers.metric(one.precision, percent=True),
            numbers.metric(one.recall, percent=True),
            numbers.metric(one.f1, percent=True),
            numbers.count(one.support),
        )
        for one in sorted(classes, key=lambda one: one.f1)
    ]
    titles = (
        Text("label", "标签"),
        Text("precision, %", "精确率（%）"),
        Text("recall, %", "召回率（%）"),
        same("F1, %"),
        Text("gold rows", "真实行数"),
    )
    return small_table(titles, lines)


def _confusion(confusion: Confusion) -> Html:
    if len(confusion.labels) <= FEW_LABELS:
        return _matrix(confusion)
    return el("div", _pairs(confusion), _heat_map(confusion), class_="pair")


def _matrix(confusion: Confusion) -> Html:
    unread = any(counts[-1] for counts in confusion.counts)
    width = len(confusion.labels) + unread
    head: list[Child] = [*(el("th", cut(one_line(one), 24), class_="number") for one in confusion.labels)]
    if unread:
        head.append(el("th", UNREADABLE, class_="number"))
    lines = [
        el(
            "tr",
            el("th", cut(one_line(gold), 40), class_="data"),
            [_count(count, sum(counts), right=column == row) for column, count in enumerate(counts[:width])],
        )
        for row, (gold, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True))
    ]
    corner = el("th", Text("gold ↓  answer →", "真实 ↓  回答 →"), class_="corner")
    table = el("table", el("thead", el("tr", corner, head)), el("tbody", lines), class_="confusion")
    return el("div", table, class_="scroll")


def _count(count: int, gold: int, *, right: bool) -> Html:
    level = min(5, -(-5 * count // gold)) if gold else 0
    return el("td", f"{count}" if count else "·", class_=f"{'right' if right else 'wrong'} heat{level}")


def _pairs(confusion: Confusion) -> Html:
    found = confused_pairs(confusion)
    lines = [
        (gold, UNREADABLE if answer is None else answer, f"{count:,}", numbers.metric(count / total, percent=True))
        for gold, answer, count, total in found[:PAIRS_SHOWN]
    ]
    titles = (
        Text("gold", "真实"),
        Text("answered as", "答成"),
        Text("rows", "行数"),
        Text("of the gold rows, %", "占真实行（%）"),
    )
    more = len(found) - PAIRS_SHOWN
    note = Text(f"{more:,} rarer pairs are not listed.", f"另有 {more:,} 种较少的混淆未列出。") if more > 0 else None
    return el("div", small_table(titles, lines, texts=2), el("p", note, class_="note") if note else None)


def _heat_map(confusion: Confusion) -> Html:
    columns, rows = len(confusion.labels) + 1, len(confusion.labels)
    side = MAP_SIDE / columns
    cells = [
        el(
            "rect",
            el("title", f"{confusion.labels[row]} → {[*confusion.labels, '?'][column]}: {count}"),
            x=column * side,
            y=row * side,
            width=side,
            height=side,
            fill_opacity=0.25 + 0.75 * count / max(1, sum(counts)),
            class_="cell-right" if row == column else "cell-wrong",
        )
        for row, counts in enumerate(confusion.counts)
        for column, count in enumerate(counts)
        if count
    ]
    frame = el("rect", x=0, y=0, width=MAP_SIDE, height=rows * side, class_="map-frame")
    note = Text(
        "One line per gold label, one column per answer; the last column is unreadable answers. Blue: right, orange: mistaken.",
        "每行为一个真实标签，每列为一种回答，最后一列为无法读出的回答。蓝色为正确，橙色为混淆。",
    )
    picture = el("svg", frame, cells, viewBox=f"-1 -1 {MAP_SIDE + 2} {MAP_SIDE + 2}", role="img", class_="heat-map")
    return el("figure", picture, el("figcaption", note))
