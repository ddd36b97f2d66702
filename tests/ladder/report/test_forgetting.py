"""What was forgotten, in the report: every probe with its interval, the picture, nothing where nothing was measured."""

from dataclasses import replace

from ladder.report.samples import HOSTILE, hostile_report, sample_report, sample_rows
from taskfit.core.measurement import Forgetting, Interval, Measurement, Probe, Report
from taskfit.ladder.report.forgetting import collapse_table, forgetting_section, forgetting_table
from taskfit.ladder.report.html import report_page
from taskfit.ladder.report.markdown import report_markdown
from taskfit.ladder.report.sections import table_markup
from taskfit.ladder.report.table import Table, ladder_table


def told(table: Table | None, rung: str) -> list[str]:
    assert table is not None
    line = next(line for line in table.lines if line.cells[0].text.en == rung)
    return [cell.text.en for cell in line.cells]


def changed(report: Report, **values: object) -> Report:
    return replace(report, measurements=tuple(replace(one, **values) for one in report.measurements))  # type: ignore[arg-type]


def test_each_probe_is_a_column_with_its_interval() -> None:
    table = forgetting_table(sample_report())
    assert table is not None
    assert [column.title.zh for column in table.columns] == [
        "台阶",
        "在基座自己的样本上的偏离（每词元 nat）",
        "英文文本（每词元 nat）",
        "其他任务的问题（百分点）",
        "是否仍是基座",
    ]
    assert told(table, "zero_shot") == ["zero_shot", *["unchanged"] * 4]
    assert told(table, "lora") == [
        "lora",
        "+0.100 [+0.050, +0.150]",
        "+0.250 [+0.150, +0.400]",
        "−10.0 [−15.0, −5.0]",
        "exactly the base",
    ]
    line = table.lines[-2]
    assert [cell.warns for cell in line.cells] == [False, True, True, True, False]
    assert line.cells[2].note is not None
    assert line.cells[2].note.en == "2.00 → 2.25 (byte: 0.500 → 0.550)"


def test_the_ladder_has_one_column_of_it() -> None:
    assert told(ladder_table(sample_report()), "lora")[6] == "+0.25 nats"
    assert told(ladder_table(sample_report()), "head")[6] == "unchanged"
    old = changed(sample_report(), forgotten=None)
    assert "forgetting" not in [column.title.en for column in ladder_table(old).columns]


def test_features_of_encoders_stand_in_the_same_column() -> None:
    drift = Probe("cosine", "features", 1.0, 0.93, Interval(-0.07, -0.1, -0.05), 48)
    report = changed(sample_report(), forgotten=Forgetting("measured", (drift,), "base kept", 0.0))
    assert told(ladder_table(report), "lora")[6] == "features 0.930"
    assert told(forgetting_table(report), "lora")[1] == "0.930 [0.900, 0.950]"
    section = forgetting_section(report, table_markup)
    assert section is not None
    assert "<svg" not in section


def test_the_page_has_the_picture_and_both_languages() -> None:
    page = report_page(sample_report(60), sample_rows(60), "zh")
    section = page[page.index('<section id="forgetting">') : page.index('<section id="failed">')]
    assert section.count("<svg") == 1
    assert section.count('class="dot"') == 7
    assert "其他文本的损失变化（每词元 nat）" in section
    assert "loss elsewhere: change on general text" in section
    assert section.count('class="warns"') == 8


def test_markdown_says_it_in_the_language_asked_for() -> None:
    english, chinese = (report_markdown(sample_report(), language) for language in ("en", "zh"))  # type: ignore[arg-type]
    assert "## What was forgotten" in english
    assert "**+0.250 \\[+0.150, +0.400\\]**" in english
    assert "## 遗忘" in chinese
    assert "## 回答的差异" in chinese


def test_runs_from_before_have_no_such_section() -> None:
    old = changed(sample_report(), forgotten=None, collapse=None)
    assert forgetting_section(old, table_markup) is None
    assert forgetting_table(old) is None
    assert collapse_table(old) is None
    assert "What was forgotten" not in report_markdown(old, "en")


def test_names_and_notes_from_outside_stay_text() -> None:
    report, _ = hostile_report()
    section = forgetting_section(report, table_markup)
    assert section is not None
    assert "<img" not in section
    assert "&lt;/script&gt;&lt;img" in section
    assert HOSTILE not in section


def test_a_base_that_is_not_kept_stands_out() -> None:
    table = forgetting_table(hostile_report()[0])
    assert table is not None
    last = table.lines[0].cells[-1]
    assert (last.text.en, last.warns) == ("no: up to 0.5 away", True)


def test_answers_are_held_against_gold_and_base() -> None:
    report = sample_report()

    def one(measurement: Measurement) -> Measurement:
        assert measurement.collapse is not None
        return replace(
            measurement, collapse=replace(measurement.collapse, base=measurement.collapse.gold, collapsed=True)
        )

    table = collapse_table(replace(report, measurements=tuple(map(one, report.measurements))))
    assert table is not None
    assert [line.cells[0].text.en for line in table.lines][:3] == ["gold answers", "the unadapted base", "zero_shot"]
    assert table.lines[2].cells[-1].text.en == "yes"
    assert told(collapse_table(report), "gold answers")[1:3] == ["256", "5"]
