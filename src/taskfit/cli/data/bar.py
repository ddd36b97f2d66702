"""A progress bar with the time left, for commands that take a while; fed by events, silent about quick work.

>>> with Bar() as bar:  # doctest: +SKIP
...     check(settings, emit=bar.emit)
"""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from taskfit.core.events import Event
from taskfit.core.text import Text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

SECONDS_BETWEEN_LINES = 15.0
SECONDS_UNSEEN = 0.5  # work that is done before that shows no bar


class Bar:
    """Shows `progress` events (phase, done, total, unit) as one bar per phase on stderr, and warnings above it.

    Where stderr is no terminal, a line every fifteen seconds. The bars are gone when the work is done.
    """

    def __init__(self, *, quiet: bool = False, console: "Console | None" = None):
        from rich.console import Console

        self.console = console or Console(stderr=True)
        self.quiet = quiet
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._begun = self._line_at = time.monotonic()
        self._warned: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def emit(self, event: Event) -> None:
        """Take one event and show it."""
        if event.kind == "warning":
            self._warn(_said(event.data.get("text")))
        elif event.kind == "progress" and not self.quiet:
            phase, unit = _said(event.data.get("phase")), _said(event.data.get("unit"))
            done, total = _number(event.data.get("done")), _number(event.data.get("total"))
            if self.console.is_terminal and not self.console.is_dumb_terminal:
                self._draw(phase, done, total=total, unit=unit)
            else:
                self._line(phase, done, total=total, unit=unit)

    def _draw(self, phase: str, done: int, *, total: int, unit: str) -> None:
        if self._progress is None:
            if time.monotonic() - self._begun < SECONDS_UNSEEN:
                return
            self._progress = _progress_on(self.console)
            self._progress.start()
        if phase not in self._tasks:
            self._tasks[phase] = self._progress.add_task(phase, total=total or None, unit=unit)
        self._progress.update(self._tasks[phase], completed=done, total=total or None, unit=unit)

    def _line(self, phase: str, done: int, *, total: int, unit: str) -> None:
        now = time.monotonic()
        if now - self._line_at < SECONDS_BETWEEN_LINES:
            return
        self._line_at = now
        self._print(f"{phase} {done:,}{f'/{total:,}' if total else ''} {unit}".rstrip(), "")

    def _warn(self, words: str) -> None:
        if words not in self._warned:
            self._warned.add(words)
            self._print(str(Text(f"warning: {words}", f"警告：{words}")), "yellow")

    def _print(self, words: str, style: str) -> None:
        from rich.text import Text as Line

        self.console.print(Line(words, style=style), soft_wrap=True)


def _progress_on(console: "Console") -> "Progress":
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.completed:,.0f} {task.fields[unit]}", markup=False),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        refresh_per_second=4,
    )


def _said(value: object) -> str:
    if isinstance(value, dict) and "en" in value and "zh" in value:
        return str(Text(str(value["en"]), str(value["zh"])))
    return "" if value is None else str(value)


def _number(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0
