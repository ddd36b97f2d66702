"""The filters of Self-Instruct, in both languages."""

import pytest

from taskfit.core.text import Language
from taskfit.workshop.filters import clashing, is_refusal, numbers_in, wrong_answer, wrong_instance, wrong_instruction
from taskfit.workshop.maker import Reply
from taskfit.workshop.seeds import Instance


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("Name a river", "en", "too_short"),
        ("Name one long river", "en", None),
        ("word " * 151, "en", "too_long"),
        ("Describe the picture to a friend", "en", "beyond_text"),
        ("Describe the pictures to a friend", "en", "beyond_text"),
        ("Profile a depicted mapmaker of old", "en", None),
        ("Write a program that sorts numbers", "en", "a_program"),
        ("- Describe a day in May", "en", "odd_start"),
        ("Écrivez une lettre à votre voisin", "en", "odd_start"),
        ("写一首诗", "zh", "too_short"),
        ("写一首关于春天的诗", "zh", None),
        ("诗" * 301, "zh", "too_long"),
        ("请根据图片描述场景", "zh", "beyond_text"),
        ("请编写一个程序计算圆周率", "zh", "a_program"),
        ("、描述五月的一天吧", "zh", "odd_start"),
        ("“画蛇添足”是什么意思？", "zh", None),
        ("Describe one day in May to me", "zh", "wrong_language"),
        ("用 Python 实现冒泡排序", "zh", None),
    ],
)
def test_instructions(text: str, language: Language, reason: str | None) -> None:
    assert wrong_instruction(text, language) == reason


@pytest.mark.parametrize(
    ("given", "output", "reason"),
    [
        ("a", "b", None),
        ("a", " ", "empty_output"),
        ("a", "a", "same_as_input"),
        ("a", "Here it is:", "unfinished"),
        ("如下：", "好", "unfinished"),
    ],
)
def test_examples(given: str, output: str, reason: str | None) -> None:
    assert wrong_instance(Instance(given, output)) == reason


def test_one_input_with_two_outputs_is_dropped_altogether() -> None:
    rows = [Instance("a", "1"), Instance("b", "2"), Instance("a", "3"), Instance("b", "2")]
    assert clashing(rows) == ["contradiction", None, "contradiction", "repeated_input"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply("Fine."), None),
        (Reply("why", "error"), "no_answer"),
        (Reply("And then", "length"), "cut"),
        (Reply(" \n"), "empty_output"),
        (Reply("...!"), "says_nothing"),
        (Reply("I'm sorry, but I can't help with that."), "refusal"),
        (Reply("抱歉，我无法提供这类信息。"), "refusal"),
        (Reply("Sorry is a word that costs nothing. " * 20), None),
    ],
)
def test_answers(reply: Reply, reason: str | None) -> None:
    assert wrong_answer(reply) == reason


def test_a_story_about_an_apology_is_no_refusal() -> None:
    assert not is_refusal("The captain said he was sorry.")


def test_numbers_are_compared_whatever_their_form() -> None:
    assert numbers_in("1,200 of 3.5") == numbers_in("３.５ and 1200")
    assert numbers_in("3 to 5") != numbers_in("3 to 6")
