"""How an answer is read: exactly one label, or none."""

import pytest

from taskfit.core.task import Label, Task

TASK = Task("classify", "How is it?", (Label("1", "good"), Label("2", "very good"), Label("neg", "差")))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("good", "1"),
        (" Good.\n", "1"),
        ('"VERY GOOD"', "2"),
        ("very good indeed", "2"),
        ("the answer is good", "1"),
        ("差。", "neg"),
        ("neg", "neg"),
        ("1", "1"),
        ("good\nvery good", "1"),
        ("good or very good", None),
        ("good or 差", None),
        ("bad", None),
        ("", None),
        ("\n\n", None),
        ("...", None),
    ],
)
def test_reads_an_answer_as_exactly_one_label(text: str, answer: str | None) -> None:
    assert TASK.read_answer(text) == answer


def test_an_open_task_takes_the_whole_text() -> None:
    task = Task("generate", "Write.")
    assert task.read_answer("  two\nlines ") == "two\nlines"
    assert task.read_answer("   ") is None


def test_says_the_word_of_a_label_and_any_other_text_as_it_is() -> None:
    assert TASK.word_of("neg") == "差"
    assert TASK.word_of("other") == "other"
    assert TASK.label_names == ("1", "2", "neg")
    assert TASK.label_words == ("good", "very good", "差")
