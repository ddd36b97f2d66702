"""Preference pairs and verdicts: equal, torn, contradicting, biased by length, unbalanced."""

import pytest

from doctor_rows import clean, found, liked, lines, pair
from taskfit.core.example import Message, Origin
from taskfit.data.checking import Means
from taskfit.data.record import Record

NAMES = ("preference_pairs", "preference_cycles", "preference_lengths", "liked_balance", "margins")


def sound(count=60):
    """Pairs in which the better answer is as often the longer as the shorter one."""
    rows = []
    for n in range(count):
        short, long = f"{n} is fine, 很好", f"{n} is rather bad, I would say, 不太好吧"
        rows.append(pair(n + 100, f"how is number {n}?", *((short, long) if n % 2 else (long, short))))
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_sound_pairs_and_conversations_are_left_alone(name):
    assert found(name, sound()) == {}
    assert found(name, clean()) == {}


def test_pairs_that_teach_nothing_are_found():
    user = Message("user", "and then?")
    torn = {
        "chosen": (user, Message("assistant", "a")),
        "rejected": (Message("user", "why?"), Message("assistant", "b")),
    }
    rows = [
        *sound(),
        pair(1, "q", "The same.", "the same"),
        pair(2, "问", "完全 相同。", "完全相同"),
        pair(3, "q", "It is red", "It is red and it is also rather large"),
        pair(4, "q", "", "an answer"),
        Record("p:5", Origin("p", 5), (Message("user", "q"),), **torn),
    ]
    findings = found("preference_pairs", rows)
    assert {name: (lines(one), one.severity) for name, one in findings.items()} == {
        "equal_pair": ([1, 2], "warn"),
        "prefix_pair": ([3], "warn"),
        "empty_side": ([4], "warn"),
        "prompt_mismatch": ([5], "block"),
    }
    assert findings["equal_pair"].fix == {"drop_equal_pairs": {}}


def test_preferences_that_contradict_one_another_are_found():
    rows = [
        *sound(),
        pair(1, "best?", "tea", "coffee"),
        pair(2, "Best?", "Coffee!", "Tea"),
        pair(3, "best?", "tea", "milk"),
    ]
    finding = found("preference_cycles", rows)["preference_cycles"]
    assert (finding.count, sorted(lines(finding))) == (2, [1, 2])
    assert finding.fix is not None
    assert sorted(finding.fix["drop_rows"]["ids"]) == ["p:1", "p:2"]


@pytest.mark.parametrize(("longer", "severity"), [(50, None), (75, None), (85, "warn"), (99, "block")])
def test_preference_for_the_longer_answer_is_measured_with_its_interval(longer, severity):
    rows = [pair(n, f"q {n}", *(("a" * 50, "b") if n < longer else ("b", "a" * 50))) for n in range(100)]
    finding = found("preference_lengths", rows).get("preference_lengths")
    assert (finding and finding.severity) == severity
    # Wilson's interval of 85 of 100 is 0.767 to 0.907
    assert longer != 85 or "77 % to 91 %" in finding.what.en


def test_verdicts_must_occur_on_both_sides():
    rows = [liked(n, f"q {n}", f"a {n}", n % 2 == 0) for n in range(40)]
    assert found("liked_balance", rows) == {}
    uneven = [liked(n, f"q {n}", f"a {n}", n >= 5) for n in range(40)]
    finding = found("liked_balance", uneven)["liked_balance"]
    assert (finding.severity, lines(finding)) == ("warn", [0, 1, 2, 3, 4])
    one_side = [liked(n, f"q {n}", f"a {n}", True) for n in range(40)]
    assert found("liked_balance", one_side)["liked_balance"].severity == "block"


def test_margins_of_zero_and_missing_margins_are_told():
    rows = [pair(n, f"q {n}", f"a {n}", f"b {n}", margin=1.0) for n in range(10)]
    assert found("margins", rows) == {}
    rows += [pair(10, "q", "a", "b", margin=0.0), pair(11, "q", "a", "b", margin=-1.0), pair(12, "q", "a", "b")]
    findings = found("margins", rows)
    assert (lines(findings["no_margin"]), lines(findings["margin_missing"])) == ([10, 11], [12])


def test_verdicts_that_flip_with_the_order_are_told():
    rows = [
        pair(n, f"q {n}", "a", "b", margin=1.0, about={"swapped": "flipped" if n < 3 else "same"}) for n in range(20)
    ]
    finding = found("margins", rows)["margin_flips"]
    assert (finding.severity, lines(finding)) == ("warn", [0, 1, 2])


def test_pairs_that_the_model_would_never_say_are_told():
    def losses(pairs):
        return [9.0 if "weird" in answer else 2.0 + len(answer) % 3 / 10 for _, answer in pairs]

    rows = [
        *sound(),
        pair(1, "q", "a weird answer", "another weird one"),
        pair(2, "q", "a weird answer", "a usual one"),
    ]
    finding = found("off_policy", rows, Means(losses=losses))["off_policy"]
    assert (finding.severity, lines(finding)) == ("info", [1])
    assert found("off_policy", sound(), Means(losses=losses)) == {}
