"""The report in a terminal."""

import re
from io import StringIO

import pytest
from rich.console import Console

from ladder.report.samples import hostile_report, sample_report
from taskfit.core.measurement import Report
from taskfit.core.text import speak
from taskfit.ladder.report.table import ladder_table
from taskfit.ladder.report.terminal import fitted, show_report


def _shown(report: Report, width: int) -> str:
    file = StringIO()
    show_report(report, Console(file=file, width=width))
    return file.getvalue()


def test_shows_verdict_table_failed_rungs_and_warnings() -> None:
    shown = _shown(sample_report(), 200)
    assert shown.startswith("Stop at lora: 87.0 % accuracy;")
    assert re.search(r"\nlora \(stop here\) +87\.0 \[83\.2, 90\.8\] +\+4\.0 \[\+1\.0, \+7\.0\] ", shown)
    assert "unreadable answers, counted as wrong: zero_shot " in shown
    assert "dpo: not possible: the rows have no rejected answers" in shown
    assert "warning: This is the second look at these test rows." in shown
    assert "…" not in shown


def test_says_what_the_column_of_forgetting_means_when_it_is_shown() -> None:
    shown = _shown(sample_report(), 200)
    assert "+0.25 nats" in shown
    assert "unchanged" in shown
    assert "forgetting: change of the loss on general text, nats per token" in shown
    assert "forgetting" not in _shown(sample_report(), 50)


def test_speaks_the_readers_language() -> None:
    speak("zh")
    try:
        shown = _shown(sample_report(), 200)
    finally:
        speak("en")
    assert "停在 lora" in shown
    assert "警告：这是第二次查看这些测试行。" in shown


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_narrow_terminal_loses_columns_not_digits(width: int) -> None:
    shown = _shown(sample_report(), width)
    assert "87.0 [83.2, 90.8]" in shown
    assert "more columns are in the HTML report" in shown
    assert max(len(line) for line in shown.splitlines()) <= width


def test_the_least_important_columns_go_first() -> None:
    table = ladder_table(sample_report())
    titles = [one.title.en for one in fitted(table, 100).columns]
    assert titles[0] == "rung"
    assert "looks" not in titles


def test_terminal_escapes_in_data_are_made_visible() -> None:
    shown = _shown(hostile_report()[0], 100)
    assert "\x1b" not in shown
    assert "\\x1b[31m" in shown
