"""Splits: groups whole, labels balanced, the same for the same seed; test rows of given files are never touched."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.core.errors import DataError, UsageError
from taskfit.core.example import Example, Message, Origin, example_of
from taskfit.data.duplicates import duplicate_groups
from taskfit.data.split import drawn, given_splits, split_rows

WORDS = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "order",
    "card",
    "money",
    "table",
    "water",
    "green",
    "house",
    "later",
    "under",
    "seven",
    "music",
    "paper",
]


def rows(count: int, labels: int = 2, *, file: str = "rows.csv", seed: int = 0) -> list[Example]:
    draw = random.Random(seed)
    return [
        example_of(" ".join(draw.choices(WORDS, k=9)), f"label {n % labels}", number=n + 1, file=file)
        for n in range(count)
    ]


def ids(part) -> set[str]:
    return {example.id for example in part}


def test_every_row_is_on_exactly_one_side():
    examples = rows(200)
    splits = split_rows(examples, seed=0)
    assert sorted(ids(splits.train) | ids(splits.dev) | ids(splits.test)) == sorted(ids(examples))
    assert len(splits.train) + len(splits.dev) + len(splits.test) == 200
    assert (len(splits.dev), len(splits.test)) == (40, 40)


def test_each_label_has_its_share_on_each_side():
    examples = rows(100, 1) + [example_of(f"rare row of words {n * 7919}", "rare", number=n + 500) for n in range(25)]
    splits = split_rows(examples, seed=0)
    assert Counter(one.target for one in splits.test) == {"label 0": 20, "rare": 5}
    assert Counter(one.target for one in splits.dev) == {"label 0": 20, "rare": 5}


def test_a_rare_label_is_trained_on_before_it_is_tested():
    examples = [*rows(60, 1), example_of("the only row of its kind", "single", number=900)]
    examples += [example_of(text, "pair", number=901 + n) for n, text in enumerate(("zebra quartz", "violet comet"))]
    splits = split_rows(examples, seed=0)
    assert "single" in {one.target for one in splits.train}
    assert Counter(one.target for one in splits.train)["pair"] == 1
    assert Counter(one.target for one in splits.test)["pair"] == 1


def test_every_label_with_three_blocks_is_on_every_side():
    examples = [
        *rows(900, 3),
        *(example_of(text, "rare", number=900 + n) for n, text in enumerate(("zebra", "fern", "owl"))),
    ]
    splits = split_rows(examples, seed=0, max_test=90, max_dev=45)
    assert all("rare" in {one.target for one in part} for part in (splits.train, splits.dev, splits.test))


def test_the_seed_decides_and_the_order_of_rows_does_not():
    examples = rows(120)
    first = split_rows(examples, seed=1)
    assert first.fingerprint == split_rows(examples, seed=1).fingerprint
    assert ids(first.test) != ids(split_rows(examples, seed=2).test)
    mixed = split_rows(random.Random(5).sample(examples, 120), seed=1)
    assert (ids(mixed.train), ids(mixed.dev), ids(mixed.test)) == (ids(first.train), ids(first.dev), ids(first.test))


def test_limits_cap_dev_and_test():
    splits = split_rows(rows(300), seed=0, max_test=30, max_dev=10)
    assert (len(splits.dev), len(splits.test)) == (10, 30)


@given(st.integers(0, 1000), st.integers(12, 80), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_duplicates_and_groups_are_never_on_two_sides(seed, count, labels):
    draw = random.Random(seed)
    examples = []
    for n, example in enumerate(rows(count, labels, seed=seed)):
        text = draw.choice(examples).text + "!" if examples and draw.random() < 0.3 else example.text
        group = f"user {draw.randrange(count)}" if draw.random() < 0.3 else None
        examples.append(Example(f"r{n}", (Message("user", text),), example.target, Origin("f", n + 1), group))
    try:
        splits = split_rows(examples, seed=seed)
    except DataError:
        return
    groups = dict(zip((one.id for one in examples), duplicate_groups(examples), strict=True))
    sides = [{groups[one.id] for one in part} for part in (splits.train, splits.dev, splits.test)]
    assert sum(map(len, sides)) == len(set().union(*sides))
    assert len(splits.train) + len(splits.dev) + len(splits.test) == count


def test_too_few_rows_or_one_block_is_refused():
    with pytest.raises(DataError, match="5 rows are too few"):
        split_rows(rows(5), seed=0)
    same = [example_of("the very same text in every row", "x", number=n) for n in range(40)]
    with pytest.raises(DataError, match="no rows are left for"):
        split_rows(same, seed=0)
    with pytest.raises(UsageError, match="must leave rows for training"):
        split_rows(rows(40), seed=0, test_share=0.5, dev_share=0.5)


def test_test_rows_that_stand_in_train_are_left_out_of_train_and_listed():
    test = rows(20, file="test.csv", seed=7)
    train = rows(60, file="train.csv", seed=8)
    copy = example_of(test[3].text.upper() + "!", test[3].target, number=61, file="train.csv")
    near = example_of(test[5].text + " too", test[5].target, number=62, file="train.csv")
    other = example_of(test[6].text, "another label", number=63, file="train.csv")
    found = given_splits([*train, copy, near, other], test=test, seed=0)
    assert found.splits.test == tuple(test)
    assert [(row.line, row.kind) for row in found.listed] == [(line, "left out") for line in (61, 62, 63)]
    assert found.listed[0].reason.en == f"the same text stands in the test rows: {test[3].origin}"
    assert found.listed[1].reason.en.startswith("nearly the same text")
    assert f"with another label ('another label' / '{test[6].target}')" in found.listed[2].reason.en
    used = len(found.splits.train) + len(found.splits.dev)
    assert used + len(found.listed) == 63
    assert len(found.splits.dev) == 12


def test_a_given_dev_file_is_kept_apart_from_both():
    test, dev = rows(20, file="test.csv", seed=7), rows(20, file="dev.csv", seed=9)
    train = rows(60, file="train.csv", seed=8)
    mixed = example_of(test[0].text, test[0].target, number=99, file="dev.csv")
    again = example_of(dev[0].text, dev[0].target, number=99, file="train.csv")
    found = given_splits([*train, again], dev=[*dev, mixed], test=test, seed=0)
    assert found.splits.dev == tuple(dev)
    assert found.splits.train == tuple(train)
    assert [row.file for row in found.listed] == ["dev.csv", "train.csv"]


def test_the_same_file_as_train_and_test_leaves_nothing():
    examples = rows(40)
    with pytest.raises(DataError):
        given_splits(examples, test=examples, seed=0)


def test_a_draw_keeps_the_shares_of_the_labels_and_loses_none_while_there_is_room():
    many = [example_of(f"text {n}", "rare" if n % 50 == 0 else "ab"[n % 2], number=n) for n in range(1000)]
    picked = [many[place].target for place in drawn(many, 100, seed=3)]
    assert (len(picked), picked.count("rare"), picked.count("a"), picked.count("b")) == (100, 2, 48, 50)
    assert {many[place].target for place in drawn(many, 3, seed=3)} == {"a", "b", "rare"}
    assert len(drawn(many, 2, seed=3)) == 2
    assert drawn(many, 100, seed=3) != drawn(many, 100, seed=4)
