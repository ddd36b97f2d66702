"""What models write is read with patience, and no more is read out of it than it says."""

import pytest

from taskfit.workshop.reading import (
    instances_in,
    json_in,
    labelled_in,
    nothing_is_empty,
    number_in,
    numbered,
    yes_or_no,
)
from taskfit.workshop.seeds import Instance


@pytest.mark.parametrize(
    ("text", "items"),
    [
        (" Sort the words.\n10. Name a river.\n11) Sing.", ["Sort the words.", "Name a river.", "Sing."]),
        ("9. First\n   goes on\n10. Second", ["First goes on", "Second"]),
        ("9、写一首诗\n10．列三种水果", ["写一首诗", "列三种水果"]),
        ("**9.** Bold\n**10.** Bolder", ["** Bold", "** Bolder"]),
        ("", []),
        ("9. It costs 3.50 euros\n10. Two", ["It costs 3.50 euros", "Two"]),
    ],
)
def test_lists_are_read_by_their_numbers(text: str, items: list[str]) -> None:
    assert numbered(text, first=9) == items


def test_examples_are_read_with_and_without_input() -> None:
    text = "Input: two\nlines\nOutput: 2\nExample 2\nInput: None\nOutput: nothing"
    assert instances_in(text) == [Instance("two\nlines", "2"), Instance("", "nothing")]
    assert instances_in("示例 1\n输入：无\n输出：好的\n示例 2\n**输入**：一\n**输出**：二") == [
        Instance("", "好的"),
        Instance("一", "二"),
    ]
    assert instances_in("Just an answer.") == [Instance("", "Just an answer.")]
    assert instances_in("Input: only\n") == []
    assert instances_in("") == []


def test_labels_come_first() -> None:
    text = "Class label: good\nInput: lovely\nClass label: bad\nInput: horrid"
    assert labelled_in(text) == [Instance("lovely", "good"), Instance("horrid", "bad")]
    assert labelled_in("示例 1\n类别：好评\n输入：很好\n") == [Instance("很好", "好评")]
    assert labelled_in("Input: lovely") == []


@pytest.mark.parametrize("text", ["none", "N/A", "<noinput>", "无", "无。", " - ", ""])
def test_an_input_that_says_there_is_none_is_empty(text: str) -> None:
    assert nothing_is_empty(text) == ""


@pytest.mark.parametrize(
    ("text", "meant"),
    [("Yes", True), ("**No.**", False), ("否", False), ("是的", True), ("不是", False), ("Nobody", None), ("", None)],
)
def test_yes_and_no(text: str, meant: bool | None) -> None:
    assert yes_or_no(text) is meant


def test_json_is_found_between_words() -> None:
    assert json_in('Sure! ```json\n{"a": [1]}\n``` done') == {"a": [1]}
    assert json_in('Result: [{"q": 1}] and {"b": 2}') == [{"q": 1}]
    assert json_in("[no json] here {") is None
    assert json_in("[" * 100_000) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ('{"score": 4, "reason": "x"}', 4.0),
        ("Score: 3/5", 3.0),
        ('{"score": 9}', None),
        ('{"score": true}', None),
        ('{"grade": 4}', None),
        ("no number", None),
        ("我给 2 分", 2.0),
        ("2024 was fine", None),
    ],
)
def test_scores_stay_within_their_limits(text: str, number: float | None) -> None:
    assert number_in(text, "score", low=1, high=5) == number
