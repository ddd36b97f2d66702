"""Collapse: hand values, scikit-learn as a second opinion, and when answers count as collapsed."""

import math

import numpy as np
import pytest

from taskfit.core.measurement import ScoredPrediction
from taskfit.measure.collapse import collapse_of, entropy, self_similarity, variety

ANSWERS = ["the cat sat", "the cat ran", "a dog", "红色的猫坐着", "红色的狗跑了", "x", "The Cat Sat"]


def rows(answers: list[str | None], golds: list[str], seed: int = 0) -> list[ScoredPrediction]:
    return [
        ScoredPrediction(str(n), "t", gold, answer, None if answer is None else float(gold == answer), seed)
        for n, (answer, gold) in enumerate(zip(answers, golds, strict=True))
    ]


def test_distinct_n_by_hand() -> None:
    found = variety(["the cat sat", "the cat ran"])
    assert found.distinct == (4 / 6, 3 / 4, 1.0)
    assert (found.answers, found.different, found.most_frequent) == (2, 2, 0.5)
    assert found.entropy == pytest.approx(math.log(2))


def test_every_chinese_character_is_a_word() -> None:
    assert variety(["红猫红猫"]).distinct == (0.5, 2 / 3, 1.0)
    assert variety(["red红 猫2"]).distinct[0] == 1.0
    assert variety(["red红 猫2", "猫"]).distinct[0] == 4 / 5


def test_self_similarity_is_the_mean_cosine_of_character_pairs() -> None:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.metrics.pairwise import cosine_similarity

    longer = [one for one in ANSWERS if len(one) > 1]
    counts = CountVectorizer(analyzer=lambda one: [one.lower()[i : i + 2] for i in range(len(one) - 1)])
    table = cosine_similarity(counts.fit_transform(longer))
    expected = table[np.triu_indices(len(longer), 1)].mean()
    assert self_similarity(longer) == pytest.approx(expected, abs=1e-12)


def test_the_same_answer_again_is_wholly_alike_and_nothing_shared_is_not() -> None:
    assert self_similarity(["是的", "是的", "是的"]) == pytest.approx(1.0)
    assert self_similarity(["ab", "cd", "x"]) == 0.0
    assert self_similarity(["", ""]) == 1.0
    assert self_similarity(["", "ab"]) == 0.0
    assert self_similarity(["one"]) == 0.0


def test_entropy_agrees_with_scipy() -> None:
    from scipy.stats import entropy as oracle

    assert entropy([5, 3, 2]) == pytest.approx(float(oracle([5, 3, 2])))
    assert str(entropy([7])) == "0.0"


def test_one_label_for_all_is_a_collapse_unless_the_gold_rows_have_but_one() -> None:
    golds = ["a", "b", "c", "d"] * 8
    found = collapse_of(rows(["a"] * 32, golds), golds)
    assert found is not None
    assert found.collapsed
    assert found.adapted.entropy == 0
    assert found.gold.entropy == pytest.approx(math.log(4))
    right = collapse_of(rows(["a"] * 32, ["a"] * 32), golds)
    assert right is not None
    assert not right.collapsed


def test_what_the_base_does_as_well_is_not_the_fault_of_the_rung() -> None:
    golds = ["a", "b", "c", "d"] * 8
    found = collapse_of(rows(["a"] * 32, golds), ["a"] * 32)
    assert found is not None
    assert not found.collapsed


def test_open_answers_that_say_nearly_the_same_have_collapsed() -> None:
    golds = [
        f"{word} is {n}" for n, word in enumerate(["tea", "bread", "a lamp", "rope", "snow", "ink", "glue", "fox"])
    ]
    same = [f"I do not know what to say about it {n}" for n in range(8)]
    found = collapse_of(rows(list(same), golds), golds, closed=False)
    assert found is not None
    assert found.adapted.different == 8
    assert found.collapsed
    fine = collapse_of(rows(list(golds), golds), golds, closed=False)
    assert fine is not None
    assert not fine.collapsed


def test_only_the_first_seed_and_readable_answers_count() -> None:
    golds = ["a", "b"]
    found = collapse_of([*rows(["a", None], golds, 3), *rows(["b", "b"], golds, 4)])
    assert found is not None
    assert (found.adapted.answers, found.gold.answers, found.base) == (1, 2, None)
    assert collapse_of(rows([None, None], golds)) is None
    assert collapse_of([]) is None
