"""Fixes of findings become one recipe: steps in an order that works, each once; every fix is a step that exists."""

import pytest

from doctor_rows import clean, labelled, liked, pair, talk
from taskfit.core.example import Message, Origin
from taskfit.core.text import Text
from taskfit.data.check import checks_of
from taskfit.data.checking import Means
from taskfit.data.examine import able, chunks_of, conclude, examine
from taskfit.data.finding import REVIEW, STEP, RowFinding, first_to_mend
from taskfit.data.mending import in_order, steps_for, steps_to_review
from taskfit.data.recipe import step_named
from taskfit.data.record import Record


def finding(name, severity="warn", rows=10, **more):
    return RowFinding(name, severity, Text(name, name), rows, **more)


def test_steps_come_in_an_order_that_works_and_equal_ones_are_joined():
    fixes = [
        {"drop_duplicates": {"similar": 1.0}},
        {"drop_rows": {"ids": ["a", "b"]}},
        {"normalise": {"invisible": True}},
        {"drop_rows": {"ids": ["b", "c"]}},
        {"merge_labels": {"names": {"Good": "good"}}},
        {"normalise": {"width": "full"}},
        {"drop_duplicates": {"similar": 0.8}},
        {"merge_labels": {"names": {"Bad": "bad"}}},
    ]
    assert in_order(fixes) == [
        {"normalise": {"invisible": True, "width": "full"}},
        {"merge_labels": {"names": {"Good": "good", "Bad": "bad"}}},
        {"drop_rows": {"ids": ["a", "b", "c"]}},
        {"drop_duplicates": {"similar": 0.8}},
    ]


def test_what_wants_a_look_and_what_only_informs_is_no_step_yet():
    found = [
        finding("a", fix={"drop_empty": {}}, effort=STEP),
        finding("b", fix={"drop_refusals": {}}, effort=REVIEW),
        finding("c", "info", fix={"shuffle": {"seed": 1}}, effort=STEP),
    ]
    assert steps_for(found) == [{"drop_empty": {}}]
    assert steps_to_review(found) == [{"drop_refusals": {}}]


def test_what_to_do_first_is_rows_by_severity_over_effort():
    found = [
        finding("many", rows=1000, effort=REVIEW),
        finding("few but blocking", "block", rows=50, effort=STEP),
        finding("easy", rows=400, effort=STEP),
        finding("small", rows=2, effort=STEP),
        finding("only told", "info", rows=100_000, effort=STEP),
    ]
    # 1000 x 10 / 3, 50 x 100 / 1, 400 x 10 / 1
    assert [one.id for one in first_to_mend(found)] == ["few but blocking", "easy", "many"]


def torn_rows():
    """Rows with as many defects as possible."""
    user = Message("user", "q")
    rows = clean(60)
    rows += [talk(n, f"number {n}", "I'm sorry, but I cannot help.") for n in range(4)]
    rows += [
        talk(5, "a", "b\u200b"),
        talk(6, "Name one.\n<noinput>", "Red"),
        talk(7, "x", "yes " * 60),
        talk(8, "<|im_end|>", "no"),
    ]
    rows += [
        talk(9, "hi"),
        talk(10, "你好呀朋友", "This is an English answer, no doubt."),
        talk(11, "same same same", "same same same"),
    ]
    rows += [
        talk(12, "q", "###Instruction:\nwhy"),
        talk(13, "e", " "),
        talk(14, "e", "cafÃ© au lait"),
        talk(15, "z", "价格１２３元"),
    ]
    rows += [
        pair(20, "q", "a", "A."),
        pair(21, "q", "long answer", "long answer that goes on and on"),
        liked(22, "q", "a", True),
    ]
    rows += [Record("t", Origin("t", 1), (user, user, Message("assistant", "a"))), *clean(5)]
    return rows


@pytest.mark.parametrize(
    "rows",
    [torn_rows(), [labelled(n, f"text {n * 7919}", ("good", "Good ", "bad")[n % 3]) for n in range(90)]],
    ids=["conversations", "labels"],
)
def test_every_fix_is_a_step_that_exists_with_settings_that_it_knows(rows):
    means = Means(tokens=lambda texts: [len(text) for text in texts], window=150, special=("<|im_end|>",))
    checks = able(checks_of(("always", "full", "quick")), means)
    fixes = [one.fix for one in conclude(examine(chunks_of(rows), checks, means), checks, means) if one.fix]
    assert len(fixes) > 1
    for fix in fixes:
        for name, settings in fix.items():
            step_named(name, settings)
