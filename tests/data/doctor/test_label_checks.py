"""Planted defects of labels are told: annotators, shortcuts, skewed splits, words, order, parts; clean rows are not."""

import random

import numpy as np
import pytest

from taskfit.core.example import Message, Origin
from taskfit.data.check import checks_of
from taskfit.data.checking import Means
from taskfit.data.doctor.completeness import has_part
from taskfit.data.doctor.split_skew import total_variation
from taskfit.data.examine import chunks_of, conclude, examine
from taskfit.data.record import Record

WORDS = [
    "food",
    "card",
    "order",
    "time",
    "place",
    "price",
    "taste",
    "road",
    "shop",
    "day",
    "味道",
    "外卖",
    "价格",
    "老板",
]


def row(number, text, label, **about):
    return Record(f"r:{number}", Origin("r", number), (Message("user", text),), label=label, about=about)


def said(number, text, answer):
    return Record(f"r:{number}", Origin("r", number), (Message("user", text), Message("assistant", answer)))


def found_in(rows, name, means=None, **changes):
    means = means or Means()
    checks = checks_of(only=[name], changes={f"{name}.{key}": value for key, value in changes.items()})
    return {one.id: one for one in conclude(examine(chunks_of(rows, 61), checks, means), checks, means)}


def text_of(draw, words=8):
    return " ".join(draw.choices(WORDS, k=words)) + f" {draw.randrange(10**6)}"


def plain(count, *, seed=0, labels=("good", "bad"), **about):
    draw = random.Random(seed)
    return [row(number, text_of(draw), draw.choice(labels), **about) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    "name", ["shortcuts", "split_skew", "label_words", "label_order", "annotators", "completeness"]
)
def test_clean_labels_are_left_in_peace(name):
    assert found_in(plain(400), name) == {}


def votes(right, *, items=120, seed=1, labels=("good", "bad"), odd=False):
    draw = random.Random(seed)
    rows = []
    for _ in range(items):
        text, true = text_of(draw), draw.choice(labels)
        for who, sure in zip(("ann", "bo", "cy"), right, strict=True):
            label = true if draw.random() < sure else draw.choice(labels)
            if odd and who == "cy":
                label = "good"
            rows.append(row(len(rows) + 1, text, label, annotator=who))
    return rows


def test_annotators_who_agree_are_told_for_information():
    found = found_in(votes((0.95, 0.95, 0.95)), "annotators")
    assert [one.severity for one in found.values()] == ["info"]
    assert "Fleiss' kappa" in found["agreement"].what.en


@pytest.mark.parametrize(("right", "severity"), [((0.7, 0.7, 0.7), "warn"), ((0.2, 0.2, 0.2), "block")])
def test_annotators_who_guess_are_told(right, severity):
    found = found_in(votes(right, labels=("a", "b", "c")), "annotators", block=0.3)
    assert found["agreement"].severity == severity
    assert found["agreement"].examples


def test_an_annotator_who_sees_only_good_is_named():
    found = found_in(votes((0.95, 0.95, 0.95), odd=True), "annotators")
    assert "'cy'" in found["annotator_bias"].what.en
    assert "'cy' agrees least" in found["agreement"].what.en
    assert "annotator_bias" not in found_in(votes((0.95, 0.95, 0.95)), "annotators")


def test_few_texts_with_two_labels_are_not_judged():
    assert found_in(votes((0.2, 0.2, 0.2), items=10), "annotators") == {}


def test_words_lengths_and_names_that_tell_the_label_are_told():
    rows = plain(300)
    marked = [
        row(n, one.prompt + (" !zz9 " if one.label == "good" else ""), one.label) for n, one in enumerate(rows, 1)
    ]
    word = found_in(marked, "shortcuts")["shortcut_word"]
    assert (word.severity, word.count) == ("warn", sum(one.label == "good" for one in rows))
    assert "zz9 → good (1.00)" in word.what.en
    long = [row(n, one.prompt * (3 if one.label == "bad" else 1), one.label) for n, one in enumerate(rows, 1)]
    assert "→ bad (1.00)" in found_in(long, "shortcuts")["shortcut_length"].what.en
    named = [row(n, f"{one.prompt} ({one.label})", one.label) for n, one in enumerate(rows, 1)]
    assert found_in(named, "shortcuts")["label_in_text"].count == 300
    listed = [row(n, f"{one.prompt} Good or bad?", one.label) for n, one in enumerate(rows, 1)]
    assert found_in(listed, "shortcuts") == {}


def test_splits_that_differ_are_told_whether_named_or_given():
    def skewed(share, number):
        draw = random.Random(number)
        return [
            row(n, text_of(draw), "good" if draw.random() < share else "bad", split=("train", "test")[number])
            for n in range(1, 301)
        ]

    rows = [*skewed(0.5, 0), *skewed(0.8, 1)]
    assert "labels" in found_in(rows, "split_skew")["skewed_labels"].what.en
    other = [
        row(n, one.prompt + " from another source entirely", one.label) for n, one in enumerate(plain(300, seed=3), 1)
    ]
    found = found_in(plain(300, seed=2), "split_skew", Means(test=other))
    assert "classifier tells test rows" in found["split_apart"].what.en
    assert found_in(plain(300, seed=2), "split_skew", Means(test=plain(300, seed=3))) == {}
    assert total_variation(["a", "a", "b"], ["b", "b", "b"]) == pytest.approx(2 / 3)


def test_labels_that_begin_one_another_or_with_one_token_are_told():
    rows = plain(200, labels=("good", "goods", "bad"))
    found = found_in(rows, "label_words", Means(pieces=lambda words: [[ord(word[0]), len(word)] for word in words]))
    assert found["label_prefix"].count == 1
    assert "good < goods" in found["label_prefix"].what.en
    assert found["label_first_token"].count == 2


def test_a_slip_of_the_pen_is_told_with_its_mending():
    rows = [
        *plain(300, labels=("negative", "positive")),
        *(row(400 + n, text_of(random.Random(n)), "positve") for n in range(3)),
    ]
    found = found_in(rows, "label_words")["label_slips"]
    assert found.fix == {"merge_labels": {"names": {"positve": "positive"}}}
    assert found.touched == 3
    assert (
        found_in(plain(300, labels=("answer1", "answer2", "answer2", "answer2") * 5 + ("answer3",)), "label_words")
        == {}
    )


def test_a_file_in_the_order_of_its_labels_is_told():
    rows = sorted(plain(300), key=lambda one: one.label)
    found = found_in(rows, "label_order")["label_run"]
    assert found.count == max(sum(one.label == label for one in rows) for label in ("good", "bad"))
    assert found.fix == {"shuffle": {"seed": 0}}
    assert found_in(plain(300, labels=("good",) * 19 + ("bad",)), "label_order") == {}


def test_an_option_that_is_right_too_often_is_told():
    draw = random.Random(1)

    def questions(weights):
        letters = [draw.choices("ABCD", weights)[0] for _ in range(200)]
        asked = (f"{text_of(draw)}?\nA. one\nB. two\nC. three\nD. four" for _ in letters)
        return [said(n, text, letter) for n, (text, letter) in enumerate(zip(asked, letters, strict=True), 1)]

    assert "C is right in" in found_in(questions([1, 1, 6, 1]), "label_order")["option_position"].what.en
    assert "option_position" not in found_in(questions([1, 1, 1, 1]), "label_order")


def test_answers_that_lack_a_part_are_told():
    answers = (
        ['{"name": "tea", "price": 3}'] * 30
        + ["Name: tea\nPrice: 3"] * 30
        + ['{"name": "tea", "price": null}', "Name: tea\nPrice:"]
    )
    rows = [said(n, f"question {n}", answer) for n, answer in enumerate(answers, 1)]
    found = found_in(rows, "completeness", parts="name,price")["lacking_part"]
    assert (found.count, found.severity, found.places) == (2, "warn", ("r:61", "r:62"))
    assert has_part("价格：3 元", "价格")
    assert not has_part("[1, 2]", "name")


def test_questions_like_another_are_told_by_words_and_by_meaning():
    draw = random.Random(1)
    asked = [text_of(draw, 10) for _ in range(100)]
    again = [f"{text} please" for text in asked[:40]]
    rows = [said(n, text, f"answer {n}") for n, text in enumerate([*asked, *again], 1)]
    found = found_in(rows, "instruction_pool")["similar_questions"]
    assert (found.count, found.severity) == (40, "warn")
    assert " ~ " in found.examples[0].excerpt

    def embed(texts):
        return [np.random.default_rng(int(text.split()[10])).normal(size=16) for text in texts]

    found = found_in(rows, "semantic_copies", Means(embed=embed))["semantic_copies"]
    assert (found.count, found.severity) == (40, "info")
