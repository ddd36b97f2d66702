"""Exact and near duplicates get one group; the fast way finds what the plain way finds."""

import itertools
import random
import time
from collections import Counter

import numpy as np
import pytest

from taskfit.core.example import Example, Message, Origin, example_of
from taskfit.data.duplicates import duplicate_groups
from taskfit.data.grams import gram_sets
from taskfit.data.near import SIMILAR, clusters, jaccard, nearest
from taskfit.data.normal import normal, normals

WORDS = [
    "the",
    "card",
    "payment",
    "refund",
    "arrived",
    "never",
    "late",
    "order",
    "please",
    "help",
    "account",
    "money",
    "transfer",
    "today",
    "balance",
    "top",
]
HANZI = "这家店的味道很好我们都吃得开心下次还会来送餐太慢了菜也不热不点外卖小哥态度分量足价格便宜"


def groups_of(*texts: str) -> list[int]:
    found = duplicate_groups([example_of(text, "x", number=n) for n, text in enumerate(texts)])
    return [found.index(one) for one in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How are you?", "how are  you"),
        ("ＡＢＣ 123", "abc 123"),
        ("café au lait", "cafe\u0301 au lait"),
        ("很好吃！！！", "很好吃"),
        ("I can't", "I can’t"),
    ],
)
def test_form_makes_no_difference(one, other):
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.5 + 2", "15 + 2"),
        ("3 - 2", "3 + 2"),
        ("-5 degrees", "5 degrees"),
        ("C++", "C"),
        ("?", "!"),
        ("1 2", "12"),
        ("कि", "की"),
    ],
)
def test_marks_that_mean_something_make_a_difference(one, other):
    assert normal(one) != normal(other)


def test_near_duplicates_share_a_group_and_short_texts_must_be_equal():
    long = "I have been waiting for my new card for more than two weeks now"
    assert groups_of(long, long + "!", long + " ok", "something else entirely here") == [0, 0, 0, 3]
    assert groups_of("好吃", "难吃", "好吃！", "very good", "very goof") == [0, 1, 0, 3, 4]


def test_groups_of_the_user_join_what_they_hold():
    def row(number: int, text: str, group: str | None) -> Example:
        return Example(str(number), (Message("user", text),), "x", Origin("f", number), group)

    rows = [row(1, "first text of ann", "ann"), row(2, "second of her", "ann"), row(3, "FIRST text of ann", None)]
    assert len(set(duplicate_groups([*rows, row(4, "unrelated words", None)]))) == 2


def test_a_shared_instruction_makes_no_near_duplicates():
    instruction = "Decide whether the following review of a restaurant is positive or negative and answer briefly:\n"
    texts = [f"{instruction}{' '.join(random.Random(n).choices(WORDS, k=6))}" for n in range(40)]
    assert len(set(groups_of(*texts))) == 40


def test_groups_do_not_depend_on_the_order():
    examples = [example_of(text, "x", number=n) for n, text in enumerate(_corpus(200, seed=3))]
    shuffled = random.Random(1).sample(examples, len(examples))
    by_id = dict(zip((one.id for one in shuffled), duplicate_groups(shuffled), strict=True))
    assert [by_id[one.id] for one in examples] == list(duplicate_groups(examples))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_finds_the_near_duplicates_that_comparing_all_pairs_finds(seed):
    texts = sorted({normal(text) for text in _corpus(400, seed=seed)})
    sets = _plain_sets(texts)
    parent = list(range(len(texts)))
    for one, other in itertools.combinations(range(len(texts)), 2):
        if _plain_jaccard(sets[one], sets[other]) >= SIMILAR:
            low, high = sorted((parent[one], parent[other]))
            parent = [low if root == high else root for root in parent]
    assert len(set(parent)) < len(texts) - 50, "the corpus must hold near duplicates"
    assert groups_of(*texts) == parent


def test_a_crowd_of_near_duplicates_becomes_one_group():
    base = "in the town of Veld the shop at the old road number {} sells fresh bread and warm soup every single day"
    others = [f"{' '.join(random.Random(n).choices(WORDS, k=14))}" for n in range(700)]
    found = groups_of(*(base.format(n) for n in range(500)), *others)
    assert len(set(found[:500])) == 1
    assert set(found[:500]).isdisjoint(found[500:])


def test_grams_are_those_of_the_text():
    text = "abcdefghijklabcdefghijkl"
    expected = {text[at : at + 5] for at in range(len(text) - 4)}
    assert len(gram_sets([text]).of(0)) == len(expected)
    one, other = "abcdefghijklmnop", "abcdefghijklmnoq"
    grams = gram_sets([one, "short", other])
    assert len(grams.of(1)) == 0
    # 12 grams each, 11 in common.
    assert jaccard(grams, np.array([0, 0, 1]), np.array([2, 0, 2])).tolist() == pytest.approx([11 / 13, 1, 0])


def test_twelve_thousand_short_rows_take_a_few_seconds():
    examples = [example_of(text, "x", number=n) for n, text in enumerate(_corpus(12_000, seed=9))]
    start = time.process_time()
    duplicate_groups(examples)
    assert time.process_time() - start < 6


def test_nothing_and_one_row_have_groups_too():
    assert duplicate_groups([]) == ()
    assert len(duplicate_groups([example_of("a text that is long enough", "x")])) == 1
    assert len(set(groups_of("", " ", "?"))) == 2


def test_similarity_of_pairs_is_that_of_plain_sets():
    texts = _corpus(300, seed=5)
    sets = _plain_sets(texts)
    pairs = list(itertools.combinations(range(len(texts)), 2))
    found = jaccard(gram_sets(texts), *np.array(pairs).T)
    assert found.tolist() == pytest.approx([_plain_jaccard(sets[one], sets[other]) for one, other in pairs])


def test_similarity_of_long_texts_is_estimated_from_a_sample():
    words = [f"word{number}" for number in range(4000)]
    draw = random.Random(3)
    pairs = [(draw.sample(words, 2000), share) for share in (0, 50, 150, 500)]
    texts = [" ".join(text) for one, cut in pairs for text in (one, one[cut:])]
    here, there = np.arange(0, 8, 2), np.arange(1, 8, 2)
    exact, sample = jaccard(gram_sets(texts), here, there), jaccard(gram_sets(texts, most=512), here, there)
    assert len(gram_sets(texts, most=512).hashes) == 8 * 512
    # Three standard errors of a share of 512.
    assert np.abs(exact - sample).max() < 3 * 0.5 / 512**0.5
    assert clusters(gram_sets(texts, most=512)).tolist() == [0, 0, 2, 2, 4, 4, 6, 7]


def test_nearest_finds_for_each_text_one_of_the_others():
    texts = [normal(text) for text in _corpus(600, seed=4)]
    known, asked = texts[:300], texts[300:]
    sets = _plain_sets(texts)
    best, how = nearest(gram_sets(asked), gram_sets(known))
    scores = [[_plain_jaccard(one, other) for other in sets[:300]] for one in sets[300:]]
    assert sum(max(line) >= SIMILAR for line in scores) > 20, "the corpus must hold near duplicates"
    for found, similar, line in zip(best.tolist(), how.tolist(), scores, strict=True):
        assert (found >= 0) == (max(line) >= SIMILAR)
        assert found < 0 or (similar == pytest.approx(max(line)) and line[found] == pytest.approx(similar))


def test_nothing_is_near_nothing():
    assert nearest(gram_sets([]), gram_sets(["a text that is long enough"]))[0].tolist() == []
    assert nearest(gram_sets(["a text that is long enough"]), gram_sets([]))[0].tolist() == [-1]
    assert clusters(gram_sets([])).tolist() == []


def test_many_forms_in_one_go_are_those_of_one_text_after_the_other():
    odd = ["", "?", "①②", "12 ①", "a\nb", "1\n2", "-5", "C++ and c#", "…", "ﬁnal", "१२ कि", "İ", "e\u0301", "\ud800"]
    texts = [*_corpus(2500, seed=6), *odd, *(f"{one} plain {one}" for one in odd)]
    assert list(normals(texts)) == [normal(text) for text in texts]
    assert list(normals(["Only", "ASCII, here!", "!"])) == ["only", "asciihere", "!"]


def _plain_sets(texts: list[str]) -> list[set[str]]:
    """The 5-grams of each text, those in more than half of the texts left out; a text with fewer than six has none."""
    sets = [{text[at : at + 5] for at in range(len(text) - 4)} if len(text) >= 10 else set() for text in texts]
    sets = [one if len(one) >= 6 else set() for one in sets]
    counts = Counter(gram for one in sets for gram in one)
    assert max(counts.values()) <= len(texts) / 2, "no gram of this corpus is frequent"
    return sets


def _plain_jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def _corpus(count: int, *, seed: int) -> list[str]:
    """Half new texts, half copies of an earlier one with a small change; English and Chinese."""
    draw = random.Random(seed)
    texts: list[str] = []
    for _ in range(count):
        if texts and draw.random() < 0.5:
            text = draw.choice(texts)
            at = draw.randrange(len(text))
            texts.append(text[:at] + draw.choice("abz好的") + text[at + draw.randrange(2) :])
        elif draw.random() < 0.5:
            texts.append(" ".join(draw.choices(WORDS, k=draw.randrange(2, 16))))
        else:
            texts.append("".join(draw.choices(HANZI, k=draw.randrange(5, 60))))
    return texts
