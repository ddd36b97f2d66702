"""The progress bar: fed by events, silent about quick work."""

import io

import pytest
from rich.console import Console

from taskfit.cli.data import bar
from taskfit.cli.data.bar import Bar
from taskfit.core.events import Event

PHASE = {"en": "reading", "zh": "读取"}


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100)


def progress(done: int, total: int = 1000) -> Event:
    return Event("progress", {"phase": PHASE, "done": done, "total": total, "unit": "rows"})


def seen(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_quick_work_shows_nothing() -> None:
    out = console(terminal=True)
    with Bar(console=out) as shown:
        shown.emit(progress(10))
    assert seen(out) == ""


def test_long_work_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar, "SECONDS_UNSEEN", 0.0)
    out = console(terminal=True)
    with Bar(console=out) as shown:
        shown.emit(progress(0))
        shown.emit(progress(500))
    assert "reading" in seen(out)
    assert "500 rows" in seen(out)


def test_without_a_terminal_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar, "SECONDS_BETWEEN_LINES", 0.0)
    out = console(terminal=False)
    with Bar(console=out) as shown:
        shown.emit(progress(500))
    assert seen(out) == "reading 500/1,000 rows\n"


def test_a_warning_is_told_once() -> None:
    out = console(terminal=False)
    with Bar(console=out) as shown:
        for _ in range(3):
            shown.emit(Event("warning", {"text": {"en": "odd", "zh": "奇怪"}}))
    assert seen(out) == "warning: odd\n"
