"""The live table: what a running command shows while it works. It only reads events."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from taskfit.core.events import Event
from taskfit.core.measurement import Interval
from taskfit.core.text import Text, same
from taskfit.ladder.report import numbers
from taskfit.ladder.report.visible import one_line
from taskfit.ladder.report.words import FAILED, IMPOSSIBLE, RUNG, metric_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, RenderableType
    from rich.live import Live

SECONDS_BETWEEN_REFRESHES = 1 / 4
SECONDS_BETWEEN_PROGRESS_LINES = 10.0
BAR_CELLS = 24
NOT_A_LINE = ("train.look", "preflight")

UNITS = {
    "rows": Text("rows", "行"),
    "steps": Text("steps", "步"),
    "tokens": Text("tokens", "个词元"),
    "examples": Text("examples", "条"),
}
WAITING, RUNNING, DONE, KEPT = (
    Text("waiting", "等待"),
    Text("running", "进行中"),
    Text("done", "完成"),
    Text("kept", "沿用"),
)


@dataclass
class Row:
    """What the table knows of one rung."""

    state: Text = WAITING
    started: float | None = None
    ended: float | None = None
    measurement: Mapping[str, object] | None = None
    why: str = ""


@dataclass
class Phase:
    """How far one phase is; time left is told from the pace since it began."""

    name: str
    began: float
    done: int = 0
    total: int = 0
    unit: str = ""
    now: float = 0.0
    first: int = 0

    @property
    def seconds_left(self) -> float | None:
        """The time left at the pace so far; None while there is no pace."""
        moved, passed = self.done - self.first, self.now - self.began
        return passed / moved * (self.total - self.done) if moved > 0 and passed > 0 else None


@dataclass
class Board:
    """The state that events build up; knows nothing of the terminal."""

    rows: dict[str, Row] = field(default_factory=dict)
    phase: Phase | None = None
    step: str = ""

    def take(self, event: Event) -> None:
        """Bring the state up to date with one event."""
        data, rung = event.data, str(event.data.get("rung", ""))
        if event.kind == "progress":
            self._progress(data, event.time)
        elif event.kind == "train.step":
            self.step = step_line(data)
        elif event.kind.startswith("rung."):
            row = self.rows.setdefault(rung, Row())
            self.phase, self.step = None, ""
            if event.kind == "rung.started":
                row.state, row.started = RUNNING, event.time
                return
            row.ended = event.time
            row.state = {"rung.kept": KEPT, "rung.finished": DONE, "rung.impossible": IMPOSSIBLE}.get(
                event.kind, FAILED
            )
            found = data.get("measurement")
            row.measurement = found if isinstance(found, Mapping) else None
            row.why = said(data.get("reason") or data.get("error"))

    def _progress(self, data: Mapping[str, object], now: float) -> None:
        name, done, total = said(data.get("phase")), _whole(data.get("done")), _whole(data.get("total"))
        if self.phase is None or self.phase.name != name or done < self.phase.done:
            self.phase = Phase(name, now, first=done)
        self.phase.done, self.phase.total, self.phase.unit, self.phase.now = done, total, str(data.get("unit", "")), now


class LiveTable:
    """Shows events as a table that fills rung by rung; as plain lines when `quiet` or not on a terminal.

    When all went well the live table makes room for what the command shows last (verdict, report);
    after an error it stays, so that one sees how far the run came.

    >>> with LiveTable(rungs=["zero_shot"]) as live:  # doctest: +SKIP
    ...     climb(task, emit=live.emit)
    """

    def __init__(self, *, rungs: "Sequence[str]" = (), quiet: bool = False, console: "Console | None" = None):
        from rich.console import Console

        self.console = console or Console(stderr=True)
        self.quiet = quiet
        self.board = Board({rung: Row() for rung in rungs})
        self._live: Live | None = None
        self._shown_at = 0.0
        self._line_at = 0.0
        self._line_phase = ""
        self._warned: set[str] = set()

    def __enter__(self) -> Self:
        if self.console.is_terminal and not self.console.is_dumb_terminal and not self.quiet:
            from rich.live import Live

            self._live = Live(
                get_renderable=self._picture, console=self.console, auto_refresh=True, refresh_per_second=1
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self.board.phase, self.board.step = None, ""
            self._live.transient = problem is None
            self._live.stop()
            self._live = None

    def emit(self, event: Event) -> None:
        """Take one event and show it; progress refreshes the table at most four times a second."""
        self.board.take(event)
        if event.kind == "warning":
            self._warn(said(event.data.get("text")))
        elif self._live is None:
            self._plain(event)
        elif event.kind in ("run.started", "rows.read", "splits.made"):
            self._print(_line(event), "")
        if self._live is not None:
            self._refresh(now=time.monotonic(), at_once=event.kind not in ("progress", "train.step"))

    def _refresh(self, *, now: float, at_once: bool) -> None:
        if self._live is not None and (at_once or now - self._shown_at >= SECONDS_BETWEEN_REFRESHES):
            self._shown_at = now
            self._live.refresh()

    def _warn(self, words: str) -> None:
        if words not in self._warned:
            self._warned.add(words)
            self._print(str(Text(f"warning: {words}", f"警告：{words}")), "yellow")

    def _plain(self, event: Event) -> None:
        if event.kind == "rung.started":
            self._line_phase = ""
        if event.kind in NOT_A_LINE:
            return
        if event.kind in ("progress", "train.step"):
            phase, now = self.board.phase, event.time
            if self.quiet or event.kind == "train.step" or phase is None:
                return
            if phase.name == self._line_phase and now - self._line_at < SECONDS_BETWEEN_PROGRESS_LINES:
                return
            self._line_at, self._line_phase = now, phase.name
        self._print(_line(event), "")

    def _print(self, words: str, style: str) -> None:
        from rich.text import Text as RichText

        self.console.print(RichText(one_line(words), style=style), soft_wrap=True)

    def _picture(self) -> "RenderableType":
        return picture_of(self.board, time.time())


def picture_of(board: Board, now: float) -> "RenderableType":
    """Return the board as a rich table, with the phase that is running below it."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text as RichText

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column(RichText(str(RUNG)), no_wrap=True, overflow="ellipsis", max_width=28)
    for title in (
        Text("state", "状态"),
        Text("time", "用时"),
        _metric_title(board),
        Text("cost per 1,000", "每千次费用"),
    ):
        table.add_column(RichText(str(title)), justify="left" if title.en == "state" else "right", no_wrap=True)
    for rung, row in board.rows.items():
        style = {WAITING: "dim", RUNNING: "bold cyan", FAILED: "red", IMPOSSIBLE: "yellow"}.get(row.state, "")
        passed = (row.ended or now) - row.started if row.started is not None else None
        cells = (
            one_line(rung),
            str(row.state),
            "" if passed is None else str(numbers.seconds(max(0.0, passed))),
            cut_short(one_line(row.why)) if row.why else _metric(row.measurement),
            _cost(row.measurement),
        )
        table.add_row(*(RichText(cell) for cell in cells), style=style)
    return Group(table, RichText(phase_line(board)))


def cut_short(text: str, limit: int = 40) -> str:
    """Return at most `limit` characters of `text`; the report has the whole."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def phase_line(board: Board) -> str:
    """Return how far the running phase is, as one line; "" when none runs."""
    phase = board.phase
    if phase is None:
        return ""
    share = min(1.0, phase.done / phase.total) if phase.total else 0.0
    full = round(share * BAR_CELLS)
    left = phase.seconds_left
    wait = "" if left is None else str(Text(f"{numbers.seconds(left).en} left", f"还需 {numbers.seconds(left).zh}"))
    counts = f"{phase.done:,}/{phase.total:,} {UNITS.get(phase.unit, phase.unit)}"
    parts = (one_line(phase.name), "━" * full + "╌" * (BAR_CELLS - full), f"{share:4.0%}", counts, wait, board.step)
    return "  ".join(part for part in parts if part)


def _line(event: Event) -> str:
    """Return one event as one line."""
    data, rung = event.data, one_line(str(event.data.get("rung", "")))
    found = data.get("measurement")
    metric = _metric(found if isinstance(found, Mapping) else None)
    why = said(data.get("reason") or data.get("error"))
    lines: dict[str, Text] = {
        "run.started": Text(f"run folder: {data.get('folder')}", f"运行目录：{data.get('folder')}"),
        "rows.read": _rows_line(data),
        "splits.made": _splits_line(data),
        "rung.started": Text(f"{rung}: started", f"{rung}：开始"),
        "rung.kept": Text(f"{rung}: finished before, kept {metric}", f"{rung}：此前已完成，沿用 {metric}"),
        "rung.finished": Text(f"{rung}: done {metric}", f"{rung}：完成 {metric}"),
        "rung.impossible": Text(f"{rung}: not possible: {why}", f"{rung}：不可行：{why}"),
        "rung.failed": Text(f"{rung}: failed: {why}", f"{rung}：失败：{why}"),
        "progress": _progress_line(rung, data),
        "train.step": same(f"{rung}: {step_line(data)}"),
        "verdict": same(said(data.get("sentence"))),
        "run.finished": Text(f"report: {data.get('report')}", f"报告：{data.get('report')}"),
    }
    return str(lines.get(event.kind, same(event.kind)))


def _rows_line(data: Mapping[str, object]) -> Text:
    read, used = _whole(data.get("read")), _whole(data.get("used"))
    listed = data.get("listed")
    left = sum(_whole(one) for one in listed.values()) if isinstance(listed, Mapping) else _whole(listed)
    return Text(
        f"rows: {read:,} read, {used:,} used, {left:,} set aside and listed",
        f"数据行：读入 {read:,}，使用 {used:,}，列出未用 {left:,}",
    )


def _splits_line(data: Mapping[str, object]) -> Text:
    train, dev, test = (_whole(data.get(name)) for name in ("train", "dev", "test"))
    return Text(
        f"splits: {train:,} train, {dev:,} dev, {test:,} test (sealed)",
        f"划分：训练 {train:,}，开发 {dev:,}，测试 {test:,}（封存）",
    )


def _progress_line(rung: str, data: Mapping[str, object]) -> Text:
    name = str(data.get("unit", ""))
    unit = UNITS.get(name, name)
    counts = f"{_whole(data.get('done')):,}/{_whole(data.get('total')):,} {unit}".strip()
    phase = said(data.get("phase"))
    return Text(f"{rung}: {phase} {counts}", f"{rung}：{phase} {counts}")


def step_line(data: Mapping[str, object]) -> str:
    """Return a training step as a few words."""
    loss = data.get("loss")
    shown = f" {loss:.3f}" if isinstance(loss, float) else ""
    step = _whole(data.get("step"))
    return str(Text(f"step {step:,}, loss{shown}", f"第 {step:,} 步，损失{shown}"))


def _first_metric(measurement: Mapping[str, object] | None) -> tuple[str, Interval] | None:
    metrics = measurement.get("metrics") if measurement else None
    if not isinstance(metrics, Mapping):
        return None
    for name, one in metrics.items():
        return str(name), Interval(float(one["estimate"]), float(one["low"]), float(one["high"]))
    return None


def _metric(measurement: Mapping[str, object] | None) -> str:
    found = _first_metric(measurement)
    if found is None:
        return ""
    return str(numbers.metric_interval(found[1], percent=0 <= found[1].estimate <= 1))


def _metric_title(board: Board) -> Text:
    found = next((one for one in map(_first_metric, (row.measurement for row in board.rows.values())) if one), None)
    return metric_name(found[0]) if found else Text("quality", "质量")


def _cost(measurement: Mapping[str, object] | None) -> str:
    cost = measurement.get("cost") if measurement else None
    if not isinstance(cost, Mapping):
        return ""
    money, flops = cost.get("money_per_1000"), cost.get("flops_per_answer")
    if isinstance(money, (int, float)):
        return str(numbers.significant(float(money)))
    if isinstance(flops, (int, float)) and flops > 0:
        return f"{numbers.significant(flops * 1000 / 1e9)} GFLOPs"
    return ""


def said(value: object) -> str:
    """Return a sentence of an event in the reader's language."""
    if isinstance(value, Mapping) and "en" in value and "zh" in value:
        return str(Text(str(value["en"]), str(value["zh"])))
    return "" if value is None else str(value)


def _whole(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0
