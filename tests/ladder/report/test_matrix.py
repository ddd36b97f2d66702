"""The row x rung matrix and the examples."""

from dataclasses import replace

from ladder.report.samples import sample_report, sample_rows
from taskfit.core.measurement import ScoredPrediction
from taskfit.ladder.report.matrix import example_section, matrix_rows, matrix_section, telling_rows

ROW = ScoredPrediction("a", "text", "yes", "yes", 1.0)
WRONG, UNREAD = replace(ROW, answer="no", value=0.0), replace(ROW, answer=None, value=None)


def test_a_row_is_right_when_more_than_half_of_its_seeds_are() -> None:
    rows = {"x": [ROW, replace(WRONG, seed=1)], "y": [WRONG, replace(ROW, seed=1), replace(ROW, seed=2)]}
    (one,) = matrix_rows(["x", "y"], rows)
    assert [(mark.state, mark.right, mark.seeds) for mark in one.marks] == [("wrong", 1, 2), ("right", 2, 3)]


def test_unreadable_and_missing_answers_are_told_apart() -> None:
    rows = {"x": [UNREAD], "y": [replace(ROW, id="b")]}
    first, second = matrix_rows(["x", "y"], rows)
    assert [mark.state for mark in first.marks] == ["unread", "none"]
    assert [mark.state for mark in second.marks] == ["none", "right"]


def test_rows_are_shown_a_page_at_a_time() -> None:
    table = matrix_rows(["lora"], {"lora": sample_rows(60)["lora"]})
    section = str(matrix_section(["lora"], table))
    assert section.count('<div class="clamp">') == 25
    assert "The first 25 of 60 rows." in section
    assert matrix_section(["lora"], []) is None


def test_examples_tell_where_the_stop_rung_won_and_where_all_fail() -> None:
    report, rows = sample_report(), sample_rows()
    table = matrix_rows([one.rung for one in report.measurements], rows)
    for title, part in telling_rows(table, stop=5):
        states = [(one.marks[0].state, one.marks[5].state) for one in part]
        if title.en == "Right there, wrong at the first rung":
            assert all(last == "right" and first != "right" for first, last in states)
        elif title.en == "Wrong at every rung":
            assert all("right" not in {mark.state for mark in one.marks} for one in part)
    section = str(example_section(report, table, rows))
    assert "shown with: reviews.csv:17, reviews.csv:403" in section
    assert "Wrong at every rung" in section
