"""Labels that look the same are found; closed sets are told from free answers."""

import pytest

from taskfit.data.labels import is_closed, is_numeric, variants


@pytest.mark.parametrize(
    "pair",
    [
        ("Positive", "positive"),
        ("pos", "pos "),
        ("pos", "ｐｏｓ"),
        ("pos", "p\u200bos"),
        ("积极", "积极。"),
        ("card_arrival", "card arrival"),
        ("pos", "роs"),
        ("1", "1.0"),
        ("1", "01"),
        ("007", "7"),
        ("TRUE", "True"),
        ("'pos'", "pos"),
    ],
)
def test_labels_that_look_the_same_are_variants(pair):
    assert variants([*pair, "other"]) == (tuple(sorted(pair)),)


@pytest.mark.parametrize("pair", [("1", "-1"), ("1", "10"), ("good", "goods"), ("1.5", "15"), ("a", "b"), ("？", "！")])
def test_labels_that_differ_are_no_variants(pair):
    assert variants(pair) == ()


def test_few_repeated_targets_are_a_closed_set():
    assert is_closed(["a", "b"] * 10)
    assert is_closed(["a"] * 4)
    assert not is_closed([])
    assert not is_closed([f"answer {number}" for number in range(50)])
    assert not is_closed(["a long answer " * 20] * 10)
    assert not is_closed(["yes"] * 20 + [f"only here {number}" for number in range(15)])


def test_numbers_are_recognised_as_such():
    assert all(map(is_numeric, ["0", "1", "-1", "1.5", "007", "５"]))
    assert not any(map(is_numeric, ["a", "1a", "", "-", "1.2.3", "one"]))
