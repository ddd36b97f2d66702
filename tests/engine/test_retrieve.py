"""Search terms, BM25 and rank fusion, by hand."""

import math

import numpy as np
import pytest

from taskfit.engine.retrieve import best, bm25_index, fuse, terms, unit


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Good 奶茶超好", ["good", "奶茶", "茶超", "超好"]),
        ("好", ["好"]),
        ("ＡＢＣ１２", ["abc12"]),  # full width
        ("奶茶good好喝", ["奶茶", "good", "好喝"]),
        ("don't_stop, now!", ["don", "t", "stop", "now"]),
        ("ありがとう", ["あり", "りが", "がと", "とう"]),
        ("Straße café", ["straße", "café"]),
        ("  ，。！ ", []),
        ("", []),
    ],
)
def test_terms(text: str, wanted: list[str]) -> None:
    assert terms(text) == wanted


TEXTS = ["奶茶超好喝", "奶茶太甜", "送餐很慢，送餐员态度差", "good tea", "！！"]


def _by_hand(question: str, k: float = 1.5, b: float = 0.75) -> list[float]:
    """BM25 as in Lucene, the default of bm25s: idf = ln(1 + (N - n + 0.5) / (n + 0.5)), tf / (tf + k (1 - b + b l))."""
    documents = [terms(text) or ["\0"] for text in TEXTS]
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        total = 0.0
        for term in terms(question):
            n = sum(term in one for one in documents)
            tf = document.count(term)
            idf = math.log(1 + (len(documents) - n + 0.5) / (n + 0.5))
            total += idf * tf / (tf + k * (1 - b + b * len(document) / mean))
        scores.append(total)
    return scores


@pytest.mark.parametrize("question", ["奶茶好喝吗", "送餐太慢", "Good good tea", "奶茶 tea", "送餐"])
def test_bm25_by_hand(question: str) -> None:
    assert bm25_index(TEXTS).scores(question) == pytest.approx(_by_hand(question), rel=1e-4, abs=1e-7)


def test_a_question_of_unknown_words_finds_nothing() -> None:
    index = bm25_index(TEXTS)
    for question in ("完全不同", "", "\0"):
        assert index.scores(question).tolist() == [0.0] * len(TEXTS)


def test_the_best_in_order_and_ties_by_place() -> None:
    assert best(np.array([1.0, 3.0, 2.0, 3.0], np.float32), 3) == [1, 3, 2]
    assert best(np.zeros(3, np.float32), 9) == [0, 1, 2]


def test_rank_fusion_by_hand() -> None:
    # place 4: 1/61 + 1/63; place 2: 1/62 + 1/62 (a little less); 7: 1/63; 9: 1/61.
    assert fuse([[4, 2, 7], [9, 2, 4]], 10) == [4, 2, 9, 7]
    assert 1 / 61 + 1 / 63 > 2 / 62
    assert fuse([[4, 2, 7], [9, 2, 4]], 2) == [4, 2]
    assert fuse([[3, 1], [1, 3]], 2) == [1, 3]  # equal: by place
    assert fuse([], 3) == []


def test_unit_vectors() -> None:
    vectors = np.array([[4.0, 1.0], [1.0, 5.0], [1.0, 1.0]], np.float32)
    out = unit(vectors, np.array([1.0, 1.0], np.float32))
    assert out.tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]  # the last has no direction
