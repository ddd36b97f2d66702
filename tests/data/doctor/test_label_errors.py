"""Wrong labels come first in the queue: planted ones, and those on which people and a model disagree."""

import csv
import random

import numpy as np
import pytest

from taskfit.core.example import example_of
from taskfit.data.check import checks_of
from taskfit.data.checking import Chunk, Means
from taskfit.data.doctor.label_errors import suspicion_of
from taskfit.data.examine import chunks_of, conclude, examine
from taskfit.data.features import tf_idf
from taskfit.data.labelled_sample import MOST_ROWS, sample_of
from taskfit.data.out_of_fold import auc, fold_of, out_of_fold, separability
from taskfit.data.read import read_rows
from taskfit.data.record import record_of


def rows_of(texts, labels):
    return [
        record_of(example_of(text, label, number=n))
        for n, (text, label) in enumerate(zip(texts, labels, strict=True), 1)
    ]


def reviews(count, *, seed, noise=0.0):
    """Reviews in two languages whose words tell the label, except for `noise` of them."""
    draw = random.Random(seed)
    words = {
        "good": ["good", "tasty", "quick", "warm", "friendly", "好吃", "很快", "热情"],
        "bad": ["bad", "cold", "slow", "rude", "stale", "难吃", "太慢", "冷了"],
    }
    rest = ["the", "food", "was", "and", "we", "it", "at", "noon", "外卖", "这家", "今天", "送来", "with", "order"]
    texts, labels, wrong = [], [], []
    for number in range(count):
        label = draw.choice(("good", "bad"))
        texts.append(" ".join(draw.sample(words[label], 2) + draw.sample(rest, 5)) + f" {number}")
        wrong.append(draw.random() < noise)
        labels.append(({"good": "bad", "bad": "good"}[label]) if wrong[-1] else label)
    return texts, labels, np.array(wrong)


def found_in(rows):
    checks = checks_of(only=["label_errors"])
    return {one.id: one for one in conclude(examine(chunks_of(rows, 150), checks, Means()), checks, Means())}


def test_planted_errors_are_found_and_shown_with_the_likelier_label():
    texts, labels, wrong = reviews(600, seed=1, noise=0.06)
    found = found_in(rows_of(texts, labels))["label_errors"]
    assert found.severity == "warn"
    chosen = np.array([int(one.place.split(":")[1]) - 1 for one in found.examples])
    assert len(chosen) == found.count
    assert wrong[chosen].mean() > 0.9
    assert wrong[chosen].sum() >= 0.95 * wrong.sum()
    first = found.examples[0]
    place = chosen[0]
    assert first.excerpt.startswith(f"{labels[place]} → ")


def test_right_labels_are_left_in_peace():
    texts, labels, _ = reviews(400, seed=2)
    assert found_in(rows_of(texts, labels)) == {}


def test_labels_that_no_word_tells_are_not_judged():
    draw = random.Random(4)
    texts, _, _ = reviews(400, seed=3)
    found = found_in(rows_of(texts, [draw.choice("abc") for _ in texts]))["label_errors"]
    assert found.severity == "info"
    assert "cannot judge" in found.what.en
    assert found.count <= 100


def test_open_answers_have_no_label_errors():
    texts, _, _ = reviews(300, seed=3)
    assert found_in(rows_of(texts, [f"an answer {number}" for number in range(300)])) == {}


def test_planted_flips_in_trec_are_found(shared_data):
    examples = read_rows(shared_data / "trec" / "TREC.train.all", encoding="latin-1").examples
    names = sorted({one.target for one in examples})
    draw = np.random.default_rng(7)
    flipped = set(draw.choice(len(examples), len(examples) // 20, replace=False).tolist())
    labels = [
        names[(names.index(one.target) + int(draw.integers(1, len(names)))) % len(names)]
        if place in flipped
        else one.target
        for place, one in enumerate(examples)
    ]
    found = suspicion_of(sample_of(Chunk(rows_of([one.text for one in examples], labels))))
    chosen = {int(one.row.place.split(":")[1]) - 1 for one in found.queue[: found.wrong]}
    assert len(chosen & flipped) >= 0.75 * len(flipped)
    assert len(chosen & flipped) >= 0.6 * len(chosen)
    assert 0.05 <= found.noise <= 0.12


def test_labels_of_a_model_that_people_would_not_give_come_first(shared_data):
    file = next((shared_data / "jigsaw_llm_labels").rglob("*with_labels.parsed.csv"))
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    said, people = (
        [str(row["is_bad_gpt"]) in ("1", "True") for row in rows],
        [row["is_bad"] == "True" for row in rows],
    )
    differ = {place for place in range(len(rows)) if said[place] != people[place]}
    assert len(differ) == 305
    found = suspicion_of(sample_of(Chunk(rows_of([row["comment_text"] for row in rows], [str(one) for one in said]))))
    first = {int(one.row.place.split(":")[1]) - 1 for one in found.queue[: len(rows) // 10]}
    assert len(first & differ) >= 0.5 * len(differ)


def test_a_sample_is_the_same_however_the_rows_were_cut():
    texts, labels, _ = reviews(50, seed=5)
    rows = rows_of(texts * 480, labels * 480)
    whole = sample_of(Chunk(rows))
    assert len(whole.rows) == MOST_ROWS
    one, two, three = (sample_of(Chunk(some)) for some in (rows[:9000], rows[9000:11_000], rows[11_000:]))
    assert ((one + two) + three).rows == (one + (two + three)).rows == whole.rows


def test_equal_texts_are_in_one_fold_and_classes_are_spread():
    texts = [f"text {n % 90}" for n in range(180)]
    labels = np.array([n % 90 % 2 for n in range(180)])
    folds = fold_of(texts, labels, 5)
    assert (folds[:90] == folds[90:]).all()
    assert np.bincount(folds * 2 + labels).tolist() == [18] * 10
    shuffled = np.random.default_rng(0).permutation(180)
    assert fold_of([texts[place] for place in shuffled], labels[shuffled], 5).tolist() == folds[shuffled].tolist()


def test_probabilities_sum_to_one_and_tell_the_classes():
    texts, labels, _ = reviews(300, seed=6)
    numbers = np.array([label == "good" for label in labels], np.int64)
    found = out_of_fold(texts, numbers)
    assert found.sum(axis=1) == pytest.approx(np.ones(300))
    assert (found.argmax(axis=1) == numbers).mean() > 0.98
    assert separability(texts, numbers) > 0.99
    assert separability(texts, np.arange(300) % 2) == pytest.approx(0.5, abs=0.1)


def test_the_area_under_the_curve_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    draw = np.random.default_rng(1)
    scores, positive = draw.integers(0, 20, 300).astype(float), draw.random(300) < 0.3
    assert auc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))
    assert auc(scores, np.ones(300, bool)) == 0.5


def test_features_are_weighted_as_tf_idf_is():
    table = tf_idf(["good food", "good good food", "bad food", "", "x"]).toarray()
    assert table.shape[0] == 5
    # Three blocks of length 1 each; of "bad food" no beginning stands in another text, of "x" nothing does.
    assert np.linalg.norm(table, axis=1)[:3] == pytest.approx([3**0.5, 3**0.5, 2**0.5])
    assert np.linalg.norm(table, axis=1)[3] < np.linalg.norm(table, axis=1)[0]
    assert not table[4].any()
