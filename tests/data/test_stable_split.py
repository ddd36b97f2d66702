"""Splits that stay as they are when rows are added."""

from dataclasses import replace

from taskfit.core.example import Message, Origin
from taskfit.data.record import Record
from taskfit.data.stable_split import groups_of, stable_sides

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def row(number: int, text: str = "", group: str | None = None) -> Record:
    asked = text or f"question number {number * 7919} about topic {number * 104729 % 1000003}"
    return Record(f"r{number}", Origin("f", number), (Message("user", asked),), label="a", group=group)


ROWS = [row(number) for number in range(1, 2001)]


def test_rows_stay_on_their_side_when_rows_are_added_or_put_in_another_order():
    first = stable_sides(ROWS[:1000], SHARES)
    more = stable_sides(list(reversed(ROWS)), SHARES)
    side_of = dict(zip([one.id for one in reversed(ROWS)], more.sides, strict=True))
    assert [side_of[one.id] for one in ROWS[:1000]] == list(first.sides)


def test_shares_hold_on_average_and_another_seed_gives_another_split():
    sides = stable_sides(ROWS, SHARES).sides
    # 2,000 draws: the standard error of a share of 0.1 is 0.0067.
    assert abs(sides.count("test") / 2000 - 0.1) < 4 * 0.0067
    assert sides != stable_sides(ROWS, SHARES, seed=1).sides


def test_copies_near_copies_and_groups_stand_on_one_side():
    text = "the quick brown fox jumps over the lazy dog near the river bank in the morning"
    rows = [row(1, text), row(2, text.upper()), row(3, f"{text}!?"), row(4, group="u"), row(5, group="u"), row(6)]
    groups = groups_of(rows)
    assert groups[0] == groups[1] == groups[2]
    assert groups[3] == groups[4]
    assert len(set(groups)) == 3
    for seed in range(20):
        sides = stable_sides(rows, SHARES, seed=seed).sides
        assert len(set(sides[:3])) == 1
        assert sides[3] == sides[4]


def test_a_side_that_rows_had_before_stays_and_new_copies_follow():
    old = replace(ROWS[0])
    before = {old.hash: "test"}
    copy = replace(ROWS[0], id="copy", messages=(Message("user", ROWS[0].prompt.upper()),))
    found = stable_sides([copy, old, *ROWS[1:50]], SHARES, before=before)
    assert found.sides[:2] == ("test", "test")
    assert not found.remarks


def test_a_group_that_was_torn_goes_to_test_and_that_is_said():
    rows = [row(1, group="u"), row(2, group="u")]
    found = stable_sides(rows, SHARES, before={rows[0].hash: "train", rows[1].hash: "test"})
    assert found.sides == ("test", "test")
    assert "1 groups" in found.remarks[0].en
