"""The live table: it only reads events."""

import time
from collections.abc import Iterable
from io import StringIO

import pytest
from rich.console import Console

from ladder.report.samples import sample_report
from taskfit.core.events import Event, EventKind
from taskfit.core.files import plain
from taskfit.core.text import speak
from taskfit.live import Board, LiveTable, picture_of

ANSWERING = {"en": "answering", "zh": "作答"}
MEASUREMENT = plain(sample_report(100).measurements[5])


def _progress(done: int, at: float, rung: str = "lora") -> Event:
    data = {"rung": rung, "phase": ANSWERING, "done": done, "total": 100, "unit": "rows"}
    return Event("progress", data, time=at)


def _run() -> list[Event]:
    kinds: list[tuple[EventKind, dict[str, object]]] = [
        ("run.started", {"folder": "runs/reviews-0001"}),
        ("rows.read", {"read": 1540, "used": 1500, "listed": {"empty": 30, "twice": 10}}),
        ("splits.made", {"train": 1000, "dev": 200, "test": 300}),
        ("warning", {"text": {"en": "small \x1b[31mtest", "zh": "测试集小"}}),
        ("rung.kept", {"rung": "zero_shot", "measurement": MEASUREMENT}),
        ("rung.started", {"rung": "lora"}),
        ("progress", {"rung": "lora", "phase": ANSWERING, "done": 5, "total": 100, "unit": "rows"}),
        ("train.step", {"rung": "lora", "step": 3, "loss": 1.25, "lr": 1e-4, "tokens": 10}),
        ("warning", {"text": {"en": "small \x1b[31mtest", "zh": "测试集小"}}),
        ("rung.finished", {"rung": "lora", "measurement": MEASUREMENT}),
        ("rung.impossible", {"rung": "dpo", "reason": {"en": "no pairs", "zh": "没有配对"}}),
        ("rung.failed", {"rung": "full", "error": "not a number at step 41"}),
        ("verdict", {"sentence": {"en": "Stop at lora.", "zh": "停在 lora。"}}),
        ("run.finished", {"report": "runs/reviews-0001/report.html"}),
    ]
    return [Event(kind, data) for kind, data in kinds]


def _shown(events: Iterable[Event], *, terminal: bool = False, quiet: bool = False) -> str:
    file = StringIO()
    console = Console(file=file, width=120, force_terminal=terminal, color_system=None)
    with LiveTable(rungs=["zero_shot", "lora"], quiet=quiet, console=console) as live:
        for event in events:
            live.emit(event)
    return file.getvalue()


PLAIN = """\
run folder: runs/reviews-0001
rows: 1,540 read, 1,500 used, 40 set aside and listed
splits: 1,000 train, 200 dev, 300 test (sealed)
warning: small \\x1b[31mtest
zero_shot: finished before, kept 87.0 [80.4, 93.6]
lora: started
lora: answering 5/100 rows
lora: done 87.0 [80.4, 93.6]
dpo: not possible: no pairs
full: failed: not a number at step 41
Stop at lora.
report: runs/reviews-0001/report.html
"""


def test_one_plain_line_per_event_when_not_on_a_terminal() -> None:
    assert _shown(_run()) == PLAIN


def test_quiet_leaves_out_progress_also_on_a_terminal() -> None:
    assert _shown(_run(), terminal=True, quiet=True) == PLAIN.replace("lora: answering 5/100 rows\n", "")


def test_speaks_chinese() -> None:
    speak("zh")
    try:
        shown = _shown(_run())
    finally:
        speak("en")
    assert "警告：测试集小\n" in shown
    assert "dpo：不可行：没有配对\n" in shown


def test_plain_progress_comes_at_most_every_ten_seconds_of_a_phase() -> None:
    shown = _shown(
        [Event("rung.started", {"rung": "lora"}), *(_progress(done, 1000 + done / 2) for done in range(100))]
    )
    assert [line for line in shown.splitlines() if "answering" in line] == [
        f"lora: answering {done}/100 rows" for done in (0, 20, 40, 60, 80)
    ]


def test_on_a_terminal_the_table_fills_and_makes_room_at_the_end() -> None:
    shown = _shown(_run(), terminal=True)
    assert shown.count("warning: small \\x1b[31mtest") == 1
    last = shown[shown.rindex("accuracy") :]
    for part in ("zero_shot", "kept", "87.0 [80.4, 93.6]", "GFLOPs", "not possible", "failed"):
        assert part in last
    assert last.count("\x1b[1A\x1b[2K") >= 5
    assert "Stop at lora." not in shown


def test_time_left_follows_the_pace_of_the_phase() -> None:
    board = Board()
    for event in (Event("rung.started", {"rung": "lora"}), _progress(20, 100.0), _progress(40, 110.0)):
        board.take(event)
    assert board.phase is not None
    assert board.phase.seconds_left == pytest.approx(30.0)
    console = Console(file=StringIO(), width=120)
    console.print(picture_of(board, 110.0))
    assert "40/100 rows  30.0 s left" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_new_phase_starts_its_own_clock() -> None:
    board = Board()
    for event in (_progress(90, 100.0), _progress(1, 200.0)):
        board.take(event)
    assert board.phase is not None
    assert board.phase.seconds_left is None


def test_progress_refreshes_the_terminal_rarely() -> None:
    file = StringIO()
    console = Console(file=file, width=120, force_terminal=True, color_system=None)
    with LiveTable(console=console) as live:
        live.emit(Event("rung.started", {"rung": "lora"}))
        began = time.process_time()
        for number in range(2_000):
            live.emit(_progress(number % 100, 1000.0 + number))
        used = time.process_time() - began
    assert file.getvalue().count("rung ") < 12
    assert used < 1.0


def test_an_error_leaves_the_terminal_usable() -> None:
    console = Console(file=StringIO(), force_terminal=True)

    def interrupted() -> None:
        with LiveTable(console=console) as live:
            live.emit(Event("rung.started", {"rung": "lora"}))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    last = console.file.getvalue().rsplit("lora", 1)[1]  # type: ignore[attr-defined]
    assert "running" in last
    assert "\x1b[1A" not in last
    assert last.rstrip().endswith("\x1b[?25h")
