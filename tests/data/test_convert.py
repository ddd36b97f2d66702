"""A corpus becomes instruction rows and comes back the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.core.errors import DataError
from taskfit.core.example import Example, Message, Origin, example_of
from taskfit.core.task import Label, Task
from taskfit.data.convert import from_alpaca, to_alpaca
from taskfit.data.read import read_rows

TASK = Task("classify", "Good or bad?", (Label("1", "good"), Label("0", "bad")), ("accuracy",))
OPEN = Task("generate", "", (), ("exact_match",))

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)


def test_a_row_holds_the_instruction_the_text_and_the_word():
    (row,) = to_alpaca([example_of("tasty", "1", number=7, file="rows.csv")], TASK)
    assert row == {"instruction": "Good or bad?", "input": "tasty", "output": "good", "id": "rows.csv:7"}


@given(st.lists(st.tuples(TEXTS, st.sampled_from(["0", "1"]), st.none() | TEXTS), max_size=5))
def test_labelled_rows_come_back_the_same(rows):
    examples = tuple(
        Example(f"a:{n}", (Message("user", text),), label, Origin("a", n), group)
        for n, (text, label, group) in enumerate(rows, 1)
    )
    assert from_alpaca(json.loads(json.dumps(to_alpaca(examples, TASK))), TASK) == examples


@given(TEXTS, TEXTS, st.none() | TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=2))
def test_conversations_come_back_the_same(question, answer, system, turns):
    messages = [Message("system", system)] if system else []
    for asked, told in turns:
        messages += [Message("user", asked), Message("assistant", told)]
    examples = (Example("a:1", (*messages, Message("user", question)), answer, Origin("a", 1)),)
    assert from_alpaca(to_alpaca(examples, OPEN), OPEN) == examples


def test_rows_written_to_a_file_are_read_as_instruction_rows(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(to_alpaca([example_of("tasty", "1"), example_of("burnt", "0", number=2)], TASK)))
    first, second = read_rows(path).examples
    assert (first.text, first.target) == ("Good or bad?\ntasty", "good")
    assert (second.text, second.target) == ("Good or bad?\nburnt", "bad")


def test_rows_of_another_task_are_refused_all_at_once():
    rows = to_alpaca([example_of("tasty", "1", number=n) for n in (1, 2, 3)], TASK)
    rows[0]["instruction"] = "Translate."
    rows[2]["output"] = "excellent"
    with pytest.raises(DataError) as caught:
        from_alpaca(rows, TASK)
    assert [finding.where for finding in caught.value.findings] == ["memory:1", "memory:3"]
