"""Exact and near duplicates get one group; the fast way finds what the plain way finds."""

import itertools
import random
import time

import pytest

from taskfit.core.example import Example, Message, Origin, example_of
from taskfit.data.duplicates import SIMILAR, duplicate_groups, gram_sets, jaccard, normal

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
    grams = gram_sets(texts)
    sets = [frozenset(grams.of(row).tolist()) for row in range(len(texts))]
    parent = list(range(len(texts)))
    for one, other in itertools.combinations(range(len(texts)), 2):
        if jaccard(sets[one], sets[other]) >= SIMILAR:
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
    assert jaccard(*(frozenset(grams.of(row).tolist()) for row in (0, 2))) == pytest.approx(11 / 13)


def test_twelve_thousand_short_rows_take_a_few_seconds():
    examples = [example_of(text, "x", number=n) for n, text in enumerate(_corpus(12_000, seed=9))]
    start = time.process_time()
    duplicate_groups(examples)
    assert time.process_time() - start < 6


def test_nothing_and_one_row_have_groups_too():
    assert duplicate_groups([]) == ()
    assert len(duplicate_groups([example_of("a text that is long enough", "x")])) == 1
    assert len(set(groups_of("", " ", "?"))) == 2


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
