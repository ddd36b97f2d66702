"""Tests of the built-in model: what its card says it can do, on tasks of its world that it never saw."""

from random import Random

import pytest

from taskfit.core.example import Message
from taskfit.core.meter import Meter
from taskfit.data.world.dialogues import asked_of
from taskfit.data.world.facts import RELATIONS, drawn_fact
from taskfit.data.world.messages import joined
from taskfit.data.world.tasks import HELD_OUT, Row, WorldTask, draw_task
from taskfit.data.world.words import NEW_PEOPLE
from taskfit.model.local import LocalModel
from taskfit.model.open import open_local


@pytest.fixture(scope="module")
def tiny() -> LocalModel:
    return open_local("tiny")


def task_of(number: int, language: str) -> WorldTask:
    return draw_task(HELD_OUT + 500 + number, language=language, keys=24, labels=4)


def talk(task: WorldTask, shown: list[Row], asked: Row) -> list[Message]:
    turns = [Message("system", task.instruction)]
    for row in shown:
        turns += [Message("user", row.text), Message("assistant", row.label)]
    return [*turns, Message("user", asked.text)]


def share_right(tiny: LocalModel, language: str, *, same: int, shots: int, rows: int = 60) -> float:
    """Return the share of right answers when `same` of `shots` examples are about the thing asked for."""
    talks, wanted = [], []
    for number in range(rows):
        task, random = task_of(number % 6, language), Random(number)
        key = random.choice(task.keys)
        others = [other for other in task.keys if other != key]
        shown = [task.row(random, key) for _ in range(same)]
        shown += [task.row(random, random.choice(others)) for _ in range(shots - same)]
        random.shuffle(shown)
        asked = task.row(random, key)
        talks.append(talk(task, shown, asked))
        wanted.append(asked.label)
    answers = tiny.generate(talks, max_tokens=4, meter=Meter())
    return sum(one.text == label for one, label in zip(answers, wanted, strict=True)) / rows


def test_is_small_enough_for_the_repository(tiny):
    assert sum(path.stat().st_size for path in tiny.folder.rglob("*") if path.is_file()) <= 16e6


@pytest.mark.parametrize("language", ["en", "zh"])
def test_finds_the_example_about_the_same_thing_in_a_task_it_never_saw(tiny, language):
    without = share_right(tiny, language, same=0, shots=8)
    found = share_right(tiny, language, same=3, shots=8)
    assert found >= without + 0.2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_answers_with_a_label_of_the_task_even_without_examples(tiny, language):
    task, random = task_of(0, language), Random(1)
    talks = [talk(task, [], task.row(random, key)) for key in task.keys]
    answers = tiny.generate(talks, max_tokens=4, meter=Meter())
    assert sum(one.text in task.labels for one in answers) >= 0.9 * len(answers)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_answers_from_a_text_what_it_cannot_know_without_it(tiny, language):
    random = Random(7)
    with_text, without, wanted = [], [], []
    for _ in range(40):
        facts = [drawn_fact(random, person, RELATIONS[0]) for person in random.sample(NEW_PEOPLE, 3)]
        fact = random.choice(facts)
        text = joined([one.tell(random, language) for one in facts], language)
        question = fact.ask(random, language)
        system = Message("system", "只根据文本回答。" if language == "zh" else "Answer from the text only.")
        with_text.append([system, Message("user", asked_of(text, question, language))])
        without.append([Message("user", question)])
        wanted.append(fact.value.say(language))
    right = [
        sum(one.text == value for one, value in zip(answers, wanted, strict=True))
        for answers in (tiny.generate(talks, max_tokens=6, meter=Meter()) for talks in (with_text, without))
    ]
    assert right[0] >= right[1] + 8
