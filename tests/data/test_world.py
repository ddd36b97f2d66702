"""Tests of the invented world: same seed, same text; labels follow from the key; held-out tasks stay held out."""

import csv
from collections import Counter
from pathlib import Path
from random import Random

import pytest

import taskfit.data
from taskfit.data.world.dialogues import conversation, drill, lesson
from taskfit.data.world.documents import document
from taskfit.data.world.example import example_rows, example_task, write_example
from taskfit.data.world.facts import KNOWN_PEOPLE, known_facts
from taskfit.data.world.source import WORD_BORDER, marked, tokenizer_texts, world_examples
from taskfit.data.world.tasks import HELD_OUT, draw_task
from taskfit.data.world.words import ALL_LABELS, ALL_THINGS, NEW_PEOPLE, PEOPLE, TOWNS

EXAMPLE = Path(taskfit.data.__file__).parent / "example"


@pytest.mark.parametrize("write", [document, conversation, drill, lesson])
def test_the_same_seed_writes_the_same_and_another_seed_something_else(write):
    assert [write(seed) for seed in range(20)] == [write(seed) for seed in range(20)]
    assert len({write(seed) for seed in range(200)}) > 190


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_two_words_of_the_world_are_spelled_alike(language):
    spelled = Counter(word.say(language) for word in (*ALL_THINGS, *ALL_LABELS, *TOWNS, *PEOPLE))
    assert max(spelled.values()) == 1


def test_people_of_whom_facts_are_fixed_never_appear_in_texts_to_read():
    assert not set(KNOWN_PEOPLE) & set(NEW_PEOPLE)
    assert {fact.person for fact in known_facts()} == set(KNOWN_PEOPLE)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("about", ["thing", "town"])
def test_a_message_names_its_key_and_the_key_decides_the_team(language, about):
    task = draw_task(HELD_OUT + 7, language=language, keys=12, labels=4, about=about)
    random = Random(0)
    for _ in range(200):
        key = random.choice(task.keys)
        row = task.row(random, key)
        assert key.say(language) in row.text
        assert row.label == task.team_of[key]
        assert "{" not in row.text


def test_every_team_of_a_task_has_about_as_many_keys():
    task = draw_task(3, language="en", keys=28, labels=4)
    assert set(Counter(task.team_of.values()).values()) == {7}


def test_two_tasks_share_no_mapping():
    first, second = (draw_task(HELD_OUT + n, language="en", keys=28, labels=4) for n in (0, 1))
    assert first.team_of != second.team_of


def test_conversations_have_every_genre_and_end_with_the_assistant():
    talks = [conversation(seed) for seed in range(400)]
    assert all(talk[-1].role == "assistant" for talk in talks)
    said = " ".join(message.content for talk in talks for message in talk)
    for sign in ("Question:", "问题：", "not stated", "没有说明", "Translate", "你好。", "good", "差评"):
        assert sign in said


def test_questions_about_a_text_are_answered_from_it_or_not_stated():
    for seed in range(2000):
        _, user, answer, *_ = (*conversation(seed), None, None)
        if user is not None and user.content.startswith("Text:"):
            assert answer.content in user.content or answer.content == "not stated"


def test_every_word_asked_for_in_the_last_seven_turns_of_a_drill_has_its_label_in_an_earlier_one():
    for seed in range(100):
        talk = drill(seed)
        pairs = [(asked.content, said.content) for asked, said in zip(talk[::2], talk[1::2], strict=True)]
        assert len(pairs) == 12
        assert set(pairs[-7:]) <= set(pairs[:5])
        assert len(set(pairs)) == len({asked for asked, _ in pairs})


def test_lessons_are_drills_in_sentences():
    said = [lesson(seed) for seed in range(50)]
    assert any("。" in talk[0].content for talk in said)
    assert all({message.content for message in talk[-13::2]} <= {m.content for m in talk[1:10:2]} for talk in said)


def test_examples_carry_the_seed_they_come_from():
    documents = world_examples("documents", 3, first=10)
    assert [one.origin.line for one in documents] == [11, 12, 13]
    assert documents[0].text == document(10)
    talks = world_examples("conversations", 2)
    assert talks[1].messages == conversation(1)
    assert world_examples("drills", 1)[0].messages == drill(0)
    assert world_examples("lessons", 1)[0].messages == lesson(0)


def test_chinese_words_are_marked_for_the_tokenizer_and_nothing_else_changes():
    text = "我的台灯坏了。"
    assert marked(text) == f"我的{WORD_BORDER}台灯{WORD_BORDER}{WORD_BORDER}坏了{WORD_BORDER}。"
    for one in tokenizer_texts(30):
        assert marked(one.replace(WORD_BORDER, "")) == one


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_rows_of_the_example_are_unique_and_follow_its_task(language):
    rows, task = example_rows(language), example_task(language)
    assert len({row.text for row in rows}) == len(rows)
    assert {row.label for row in rows} == set(task.labels)
    assert all(row.label == task.team_of[row.key] for row in rows)


def test_the_example_in_the_package_is_what_the_world_writes(tmp_path):
    write_example(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        assert (EXAMPLE / path.name).read_bytes() == path.read_bytes()
    with (EXAMPLE / "rows.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(example_rows("en"))
