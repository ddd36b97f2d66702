"""Writing a report and reading it back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ladder.report.samples import hostile_report, sample_report, sample_rows
from taskfit.core.measurement import Interval, Report, Verdict
from taskfit.core.text import speak
from taskfit.ladder.report.write import read_report, write_report

BARE = Report({}, {}, (), (), (), Verdict("undecided", "", "Nothing was measured.", "没有任何测量。", ()))


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def test_a_report_reads_back_as_it_was(tmp_path: Path) -> None:
    report = sample_report(30)
    page = write_report(report, sample_rows(30), tmp_path)
    assert page == tmp_path / "report.html"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
        "report.zh.md",
    ]
    assert read_report(tmp_path) == report


def test_hostile_text_is_exact_in_json(tmp_path: Path) -> None:
    report, rows = hostile_report()
    write_report(report, rows, tmp_path)
    assert read_report(tmp_path) == report


def test_what_is_not_a_number_is_valid_json_and_called_undefined(tmp_path: Path) -> None:
    report = sample_report(30)
    nothing = float("nan")
    first = replace(report.measurements[0], metrics={"accuracy": Interval(nothing, nothing, float("inf"))})
    write_report(replace(report, measurements=(first, *report.measurements[1:])), sample_rows(30), tmp_path)
    json.loads((tmp_path / "report.json").read_text(), parse_constant=_refuse)
    back = read_report(tmp_path).measurements[0].metrics["accuracy"]
    assert back.estimate != back.estimate
    assert back.high == float("inf")
    assert "undefined" in (tmp_path / "report.md").read_text()
    assert "未定义" in (tmp_path / "report.zh.md").read_text()


def test_half_characters_do_not_stop_the_report(tmp_path: Path) -> None:
    report, rows = sample_report(10), sample_rows(10)
    broken = replace(report, run={"name": "a\ud800b"})
    rows["lora"] = (replace(rows["lora"][0], text="x\udfffy"), *rows["lora"][1:])
    page = write_report(broken, rows, tmp_path)
    assert "a\\ud800b" in page.read_text()
    assert read_report(tmp_path).run["name"] == "a\\ud800b"


def test_a_report_without_any_rung_can_be_written(tmp_path: Path) -> None:
    page = write_report(BARE, {}, tmp_path)
    assert "Nothing was measured." in page.read_text()
    assert read_report(tmp_path) == BARE


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_starts_in_the_readers_language(tmp_path: Path, language: str) -> None:
    speak("zh" if language == "zh" else "en")
    try:
        page = write_report(sample_report(10), sample_rows(10), tmp_path).read_text()
    finally:
        speak("en")
    assert f'<html lang="{language}">' in page
    assert f'id="speak-{language}" class="speak" checked' in page
    assert page.count(" checked") == 1


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    report, rows = sample_report(20), sample_rows(20)
    first, second = (write_report(report, rows, tmp_path / one).read_bytes() for one in "ab")
    assert first == second


def test_keys_in_rows_are_masked_and_told(tmp_path: Path) -> None:
    report, rows = sample_report(10), sample_rows(10)
    key = "sk-" + "a1B2" * 8
    rows["lora"] = (replace(rows["lora"][0], text=f"my key is {key}"), *rows["lora"][1:])
    del rows["zero_shot"], rows["few_shot"], rows["knn_shot"], rows["head"], rows["last_layers"]
    page = write_report(report, rows, tmp_path).read_text()
    assert key not in page
    assert "my key is sk-a•••" in page
    assert "1 test rows hold what looks like a key" in page
