"""The template library: every task in both languages, distinct ways to ask, answers that can be read back."""

from dataclasses import replace
from itertools import combinations

import pytest

from taskfit.core.example import Origin
from taskfit.data.beside import read_back
from taskfit.data.rouge import rouge_l
from taskfit.data.shape import shape_named
from taskfit.data.stable_split import stable_sides
from taskfit.data.templates.back import back
from taskfit.data.templates.build import Deck, build, same_row
from taskfit.data.templates.kind import task_of
from taskfit.data.templates.task import TASKS, task_named
from taskfit.data.templates.template import library
from taskfit.data.templates.vocabulary import names_in, words_for

BOTH = [(task, language) for task in TASKS.names() for language in ("en", "zh")]


def rows_of(task: str, count: int = 1):
    """Return rows of a task made from the example of its shape."""
    shape = shape_named(task_named(task).SHAPE)
    fields = vars(TASKS.module(task)).get("ROW") or shape.ROW
    places = [Origin("rows", number) for number in range(1, count + 1)]
    return [replace(read_back(fields, shape, place), id=str(place)) for place in places]


def deck_of(task: str, language, rows) -> Deck:
    ours = library(task, language)
    slots = task_named(task).SLOTS
    names = names_in(rows) if "choices" in slots or "label" in slots else ()
    return Deck(words_for(names, language, ours.words, {}), ours.templates)


@pytest.mark.parametrize(("task", "language"), BOTH)
def test_every_task_has_five_ways_to_ask_and_one_inverted(task, language):
    templates = library(task, language).templates
    assert sum(not one.inverted for one in templates) >= 5
    assert sum(one.inverted for one in templates) >= 1
    assert len({one.name for one in templates}) == len(templates)
    sources = [one.source for one in templates]
    assert all(rouge_l(one, other) < 0.9 for one, other in combinations(sources, 2))


@pytest.mark.parametrize(("task", "language"), BOTH)
def test_every_template_says_a_row_and_the_row_comes_back(task, language):
    rows = rows_of(task)
    deck = deck_of(task, language, rows)
    built = build(rows, task_named(task), [deck], per_row=None)
    assert not built.entries
    names = [one.about["template"].removesuffix(" (one way)") for one in built.records]
    assert sorted(names) == sorted(one.name for one in deck.templates)
    # Where question and options stand side by side, nobody can tell where one ends: that is said, not guessed.
    assert built.one_way == (4 if task == "choosing" else 0)
    for one in built.records:
        assert one.prompt.strip()
        assert one.answer.strip()
        assert "{{" not in one.prompt + one.answer
    found = back(built.records, {language: deck.words})
    left = {one.reason.en for one in found.entries}
    assert len(found.records) == 1, left
    assert len(found.entries) == built.one_way
    assert same_row(found.records[0], rows[0]), left


@pytest.mark.parametrize("task", TASKS.names())
def test_all_instances_of_a_row_are_one_group_and_on_one_side(task):
    rows = rows_of(task, 30)
    built = build(rows, task_named(task), [deck_of(task, language, rows) for language in ("en", "zh")], per_row=3)
    groups = {}
    for one in built.records:
        groups.setdefault(one.about["parent"], set()).add(one.group)
    assert len(groups) == 30
    assert all(len(some) == 1 and None not in some for some in groups.values())
    sides = stable_sides(built.records, {"train": 0.5, "test": 0.5}).sides
    by_row = {}
    for one, side in zip(built.records, sides, strict=True):
        by_row.setdefault(one.about["parent"], set()).add(side)
    assert all(len(some) == 1 for some in by_row.values())


def test_templates_are_dealt_evenly_and_the_same_for_a_seed():
    rows = rows_of("nli", 60)
    deck = deck_of("nli", "en", rows)
    built = build(rows, task_named("nli"), [deck], seed=3)
    assert max(built.used.values()) - min(built.used.values()) <= 1
    again = build(rows, task_named("nli"), [deck], seed=3)
    assert [one.prompt for one in again.records] == [one.prompt for one in built.records]
    other = build(rows, task_named("nli"), [deck], seed=4)
    assert [one.prompt for one in other.records] != [one.prompt for one in built.records]


@pytest.mark.parametrize("task", ["classification", "nli", "reading", "summarising", "translation", "choosing"])
def test_the_task_of_a_row_is_recognised(task):
    assert task_of(rows_of(task)[0]) == task
