"""The view of a training: what is learned, the loss as a curve, looks at dev, speed, time left. It only reads events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from taskfit.core.events import Event
from taskfit.core.prediction import LOSS
from taskfit.core.text import Text, same
from taskfit.curve_plot import plot
from taskfit.ladder.report import numbers
from taskfit.ladder.report.visible import one_line
from taskfit.ladder.report.words import metric_name
from taskfit.live import LiveTable, phase_line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDTH, HEIGHT = 60, 6
MOST_POINTS = 20_000
ANY_NUMBER = ("r2",)  # values on dev that may be below 0


@dataclass
class Curve:
    """The losses of the training that runs, its looks at dev, and its pace."""

    trial: str = ""
    losses: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    looks: list[tuple[int, float]] = field(default_factory=list)
    metric: str = ""
    lr: float = 0.0
    _began: tuple[int, float] | None = None
    _now: tuple[int, float] = (0, 0.0)

    def take(self, event: Event) -> None:
        """Bring the curve up to date with one event; another trial begins another curve."""
        if event.kind not in ("train.step", "train.look"):
            return
        data = event.data
        trial, step = str(data.get("trial") or ""), int(str(data["step"]))
        if trial != self.trial or (event.kind == "train.step" and self.steps and step <= self.steps[-1]):
            self.__init__(trial=trial)  # type: ignore[misc]
        if event.kind == "train.look":
            self._look(step, data.get("dev_score"))
            self.metric = str(data.get("dev_metric") or self.metric)
            return
        self.losses.append(float(str(data["loss"])))
        self.steps.append(step)
        self.lr = float(str(data["lr"]))
        self._now = (int(str(data["tokens"])), event.time)
        self._began = self._began or self._now
        if len(self.losses) > MOST_POINTS:
            self.losses = [(a + b) / 2 for a, b in zip(self.losses[::2], self.losses[1::2], strict=False)]
            self.steps = self.steps[1::2]

    def _look(self, step: int, score: object) -> None:
        if isinstance(score, (int, float)):
            self.looks.append((step, float(score)))

    @property
    def tokens_per_second(self) -> float | None:
        """The pace since this process began; None before the second step."""
        if self._began is None or self._now[1] <= self._began[1]:
            return None
        return (self._now[0] - self._began[0]) / (self._now[1] - self._began[1])


class TrainView(LiveTable):
    """Shows the events of a training: live with its curve on a terminal, else as lines."""

    def __init__(self, *, quiet: bool = False, console: "Console | None" = None):
        super().__init__(quiet=quiet, console=console)
        self.curve = Curve()

    def emit(self, event: Event) -> None:
        """Take one event and show it."""
        self.curve.take(event)
        if event.kind == "preflight":
            self._preflight(event.data)
        elif event.kind == "train.look" and self._live is None and not self.quiet:
            self._print(_look_line(event.data), "")
        elif event.kind != "run.finished":
            super().emit(event)

    def _preflight(self, data: Mapping[str, object]) -> None:
        from taskfit.live_preflight import preflight_of

        self.console.print(preflight_of(data), soft_wrap=True)

    def _picture(self) -> "RenderableType":
        from rich.console import Group
        from rich.text import Text as RichText

        return Group(*map(RichText, curve_lines(self.curve)), RichText(phase_line(self.board)))


def curve_lines(curve: Curve, *, width: int = WIDTH, height: int = HEIGHT) -> list[str]:
    """Return the curve as lines: the plot with its bounds at the left, below it the figures of now."""
    if len(curve.losses) < 2:
        return []
    drawn = plot(curve.losses, width=width, height=height)
    high, low = f"{max(curve.losses):.3g}", f"{min(curve.losses):.3g}"
    heads = [high, *([""] * (height - 2)), low]
    lines = [f"{head:>8} ┤{line}" for head, line in zip(heads, drawn, strict=True)]
    return [*lines, "  ".join(_figures(curve))]


def _figures(curve: Curve) -> list[str]:
    parts = [one_line(curve.trial)] if curve.trial else []
    parts.append(str(Text(f"loss {curve.losses[-1]:.4g}", f"损失 {curve.losses[-1]:.4g}")))
    if curve.looks:
        (_, last), (step, best) = curve.looks[-1], max(curve.looks, key=lambda look: look[1])
        now, top = dev_words(last, curve.metric), same(dev_figure(best, curve.metric))
        parts.append(str(Text(f"{now.en} (best {top.en}, step {step})", f"{now.zh}（最佳 {top.zh}，第 {step} 步）")))
    parts.append(f"lr {curve.lr:.2e}")
    pace = curve.tokens_per_second
    if pace is not None:
        parts.append(str(Text(f"{pace:,.0f} tokens/s", f"{pace:,.0f} token/秒")))
    return parts


def _look_line(data: Mapping[str, object]) -> str:
    step, loss, score = int(str(data["step"])), data.get("loss"), data.get("dev_score")
    trial = str(data.get("trial") or "")
    head = f"{trial}: " if trial else ""
    shown = numbers.significant(float(str(loss)))
    dev = dev_words(float(str(score)), str(data.get("dev_metric") or "")) if score is not None else same("")
    parts = Text(f", {dev.en}" if dev.en else "", f"，{dev.zh}" if dev.zh else "")
    return str(
        Text(f"{head}step {step:,}: loss {shown.en}{parts.en}", f"{head}第 {step:,} 步：损失 {shown.zh}{parts.zh}")
    )


def dev_words(score: float, metric: str) -> Text:
    """Return a look at dev in words; `metric` is what was measured."""
    name, figure = dev_name(metric), dev_figure(score, metric)
    return Text(f"dev {name.en} {figure}", f"dev {name.zh} {figure}")


def dev_name(metric: str) -> Text:
    """Return what was measured on dev, in words; a score where a run of an older version does not say it."""
    if metric == LOSS:
        return Text("loss", "损失")
    return metric_name(metric) if metric else Text("score", "分数")


def dev_figure(score: float, metric: str) -> str:
    """Return a look at dev as a number: a loss as it is (kept below 0, so that higher is better).

    A metric in hundredths, for the sliver of the loss in it, which orders equal ones, is no part of it.
    """
    if metric == LOSS:
        return f"{-score:.4g}"
    return f"{score if metric in ANY_NUMBER else max(0.0, score):.2f}" if metric else f"{score:.4g}"
