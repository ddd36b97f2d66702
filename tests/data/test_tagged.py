"""Rows that name entities or several labels are read in the forms people write them, or listed with the reason."""

import json
from pathlib import Path

import pytest

from taskfit.core.target import Span, names_of, spans_of
from taskfit.core.text import Text
from taskfit.data.columns import Columns
from taskfit.data.read import Reading, read_rows

ALICE = [{"start": 0, "end": 5, "label": "PER"}, {"start": 15, "end": 20, "label": "LOC"}]
TEXT = "Alice lives in Paris."


def read(folder: Path, *rows: object, name: str = "rows.jsonl", columns: Columns | None = None) -> Reading:
    path = folder / name
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return read_rows(path, columns=columns)


@pytest.mark.parametrize(
    "row",
    [
        {"text": TEXT, "entities": ALICE},
        {
            "text": TEXT,
            "spans": [{"start_offset": 0, "end_offset": 5, "type": "PER"}, {"begin": 15, "end": 20, "entity": "LOC"}],
        },
        {"id": 7, "text": TEXT, "label": [[15, 20, "LOC"], [0, 5, "PER"]]},
        {"text": TEXT, "entities": [{"start": 0, "end": 4, "type": "PER", "text": "Alice"}, ALICE[1]]},
        {"text": TEXT, "label": {"PER": {"Alice": [[0, 4]]}, "LOC": {"Paris": [[15, 19]]}}},
    ],
)
def test_entities_of_a_text(row: dict[str, object], tmp_path: Path) -> None:
    found = read(tmp_path, row, {**row, "text": TEXT + " Yes."})
    assert [spans_of(one.target or "") for one in found.examples] == [(Span(0, 5, "PER"), Span(15, 20, "LOC"))] * 2
    assert found.examples[0].text == TEXT


def test_words_with_tags(tmp_path: Path) -> None:
    english = {
        "tokens": ["Alice", "lives", "in", "New", "York", "."],
        "ner_tags": ["B-PER", "O", "O", "B-LOC", "I-LOC", "O"],
    }
    chinese = {"tokens": list("李明住在北京"), "ner_tags": ["B-PER", "E-PER", "O", "O", "B-LOC", "E-LOC"]}
    found = read(tmp_path, english, chinese).examples
    assert [one.text for one in found] == ["Alice lives in New York .", "李明住在北京"]
    assert spans_of(found[0].target or "") == (Span(0, 5, "PER"), Span(15, 23, "LOC"))
    assert spans_of(found[1].target or "") == (Span(0, 2, "PER"), Span(4, 6, "LOC"))


def test_lists_of_labels(tmp_path: Path) -> None:
    rows = [{"text": "a", "labels": ["x", "y"]}, {"text": "b", "labels": []}, {"text": "c", "labels": ["y"]}]
    found = read(tmp_path, *rows).examples
    assert [names_of(one.target or "") for one in found] == [("x", "y"), (), ("y",)]


def test_rows_that_do_not_say_what_the_others_say_are_listed(tmp_path: Path) -> None:
    good = {"text": TEXT, "entities": ALICE}
    found = read(
        tmp_path,
        good,
        {"text": TEXT, "entities": [{"start": 0, "end": 99, "label": "PER"}]},
        {"text": TEXT, "entities": [{"start": 1, "end": 5, "label": "PER", "text": "Alice"}]},
        {"text": TEXT, "entities": [{"start": 0, "end": 5}]},
        {"text": TEXT},
        {"text": TEXT, "entities": []},
    )
    assert [one.origin.line for one in found.examples] == [1, 6]
    assert found.examples[1].target == "[]"
    reasons = [(row.line, row.reason.en) for row in found.listed]
    assert [line for line, _ in reasons] == [2, 3, 4, 5]
    assert "no part of a text of 21" in reasons[0][1]
    assert "stands 'lice', not 'Alice'" in reasons[1][1]
    assert "needs start, end and kind" in reasons[2][1]
    assert all(isinstance(row.reason, Text) and row.reason.zh != row.reason.en for row in found.listed)


def test_tags_that_are_only_numbers_are_refused_with_what_to_do(tmp_path: Path) -> None:
    good = {"tokens": ["Alice"], "ner_tags": ["B-PER"]}
    found = read(tmp_path, good, {"tokens": ["Bob"], "ner_tags": [1]}, {"tokens": ["a", "b"], "ner_tags": ["O"]})
    assert "write names, not numbers" in found.listed[0].reason.en
    assert "2 words, but 1 tags" in found.listed[1].reason.en


def test_other_rows_stay_as_they_are(tmp_path: Path) -> None:
    labelled = read(tmp_path, {"text": "a", "label": "x", "tags": ["m", "n"]}, name="a.jsonl").examples[0]
    assert labelled.target == "x"
    talk = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
    assert read(tmp_path, {"messages": talk, "tags": ["m"]}, name="b.jsonl").examples[0].target == "ho"


def test_the_user_may_name_the_columns(tmp_path: Path) -> None:
    found = read(tmp_path, {"say": "a b", "what": ["x"]}, columns=Columns(text="say", label="what"))
    assert names_of(found.examples[0].target or "") == ("x",)
