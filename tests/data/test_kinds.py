"""Tasks of entities, several labels and numbers: guessed only when sure, targets in one form, strange rows listed."""

import pytest

from taskfit.core.errors import DataError
from taskfit.core.example import example_of
from taskfit.core.target import Span, names_text, number_of, spans_of, spans_text
from taskfit.core.task import Label, Task
from taskfit.data.kinds import listed_kind, task_of_kind, usable


def rows(*targets):
    return [example_of(f"text {n}", target, number=n) for n, target in enumerate(targets)]


def test_kinds_are_guessed_only_from_lists():
    spans = spans_text([Span(0, 4, "x")])
    assert listed_kind(rows(spans, "[]")) == "tag"
    assert listed_kind(rows('["a", "b"]', "[]")) == "multilabel"
    assert listed_kind(rows("[]", "[]")) is None
    assert listed_kind(rows("a|b", '["a"]')) is None
    assert listed_kind(rows(spans, '["a"]')) is None
    assert listed_kind(rows("1.5", "2")) is None


def test_several_labels_in_one_text_are_parted_by_the_first_separator_that_occurs():
    some = rows("food; price, high", "price, high", '["food"]')
    task = task_of_kind("multilabel", some, chinese=False)
    assert task.label_names == ("food", "price, high")
    found = usable(some, task, some)
    assert [one.target for one in found.examples] == [
        names_text(["food", "price, high"]),
        names_text(["price, high"]),
        names_text(["food"]),
    ]
    chinese = rows("价格、服务", "服务")
    assert task_of_kind("multilabel", chinese, chinese=True).label_names == ("价格", "服务")


def test_targets_of_no_use_are_listed_with_their_reason():
    numbers = rows("1.50", "two", "nan", "3")
    task = task_of_kind("regress", numbers, chinese=False)
    found = usable(numbers, task, numbers)
    assert [one.target for one in found.examples] == ["1.5", "3"]
    assert [row.line for row in found.listed] == [1, 2]
    with pytest.raises(DataError):
        usable(rows("x"), task, rows("x"))
    known = Task("multilabel", "", (Label("a", "a"),), ("micro_f1",))
    some = rows("a|b", "a")
    assert "'b' is no label" in usable(some, known, some).listed[0].reason.en


@pytest.mark.parametrize(
    ("kind", "said", "read"),
    [
        ("multilabel", "Food, PRICE.", '["food", "price"]'),
        ("multilabel", "food、price", '["food", "price"]'),
        ("multilabel", "[]", "[]"),
        ("multilabel", "food and more", None),
        ("multilabel", "", None),
        ("regress", "I rate it 7.5 of 10", "7.5"),
        ("regress", "1,200", "1200"),
        ("regress", "-3", "-3"),
        ("regress", "none", None),
        ("tag", '[{"start": 0, "end": 2, "label": "food"}]', '[{"start": 0, "end": 2, "label": "food"}]'),
        ("tag", "soup", None),
    ],
)
def test_answers_in_words_are_read(kind, said, read):
    task = Task(kind, "", () if kind == "regress" else (Label("food", "food"), Label("price", "price")), ("x",))
    assert task.read_answer(said) == read


def test_targets_of_the_wrong_form_are_none():
    assert spans_of('[{"start": 3, "end": 1, "label": "x"}]') is None
    assert spans_of('[{"start": true, "end": 2, "label": "x"}]') is None
    assert spans_of("[" * 100_000) is None
    assert number_of("1_000") is None
    assert number_of("inf") is None
    assert spans_text([Span(3, 4, "b"), Span(0, 1, "a"), Span(3, 4, "b")]).count("start") == 2
