"""What is true of every check of the doctor: it explains itself, bears odd rows, and pieces give what the whole gives."""

import dataclasses
import pickle

import pytest

from taskfit.core.errors import UsageError
from taskfit.core.example import Message, Origin, ToolCall, example_of
from taskfit.core.text import Text
from taskfit.data.check import CHECKS, checks_of
from taskfit.data.checking import Check, Chunk, Means
from taskfit.data.examine import able, chunks_of, conclude, examine, not_run
from taskfit.data.recipe import step_named
from taskfit.data.record import Record, record_of

NAMES = CHECKS.names()


def talk(number, *turns, **more):
    roles = ("user", "assistant")
    messages = tuple(Message(roles[place % 2], words) for place, words in enumerate(turns))
    return Record(f"r:{number}", Origin("r", number), messages, **more)


def odd_rows():
    """Rows of every kind, many of them empty, torn or strange."""
    user, answer = Message("user", "what?"), Message("assistant", "that")
    call = Message("assistant", "", calls=(ToolCall("look", "{", "1"),))
    rows = [
        record_of(example_of("", None)),
        record_of(example_of("a", "b")),
        talk(1),
        talk(2, ""),
        talk(3, "", ""),
        talk(4, "\ud800 half", "\x00"),
        talk(5, "x" * 20_000, "y " * 20_000),
        talk(6, "你好" * 5, "好", tools=("{", "[]", '{"name": "look"}')),
        Record("p", Origin("r", 7), (user,), chosen=(answer,), rejected=(answer,)),
        Record("k", Origin("r", 8), (user,), chosen=(answer,), verdict=True),
        Record("s", Origin("r", 9), (user,), steps=(("one", True), ("", False))),
        Record("t", Origin("r", 10), text=""),
        Record("c", Origin("r", 11), (user, call, Message("tool", "", call_id="2"))),
        Record("l", Origin("r", 12), (user,), labels=("a", "b")),
    ]
    rows += [talk(20 + n, f"say the number {n} {n * 7919} in words", f"number {n * 7919 % 977}") for n in range(60)]
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_a_check_explains_itself_in_both_languages(name):
    assert len((CHECKS.module(name).__doc__ or "").splitlines()[0]) > 20
    check = CHECKS.entry(name)()
    assert isinstance(check, Check)
    assert check.title.en != check.title.zh
    for one in dataclasses.fields(check):
        assert isinstance(one.metadata["text"], Text)
        assert one.metadata["text"].zh
    assert pickle.loads(pickle.dumps(check)) == check


@pytest.mark.parametrize("name", NAMES)
def test_no_rows_no_findings(name):
    checks = checks_of(("always", "full", "quick"), only=[name])
    if not not_run(checks, Means()):
        assert conclude(examine([], checks, Means()), checks, Means()) == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_check_bears_odd_rows_and_tells_its_rule(name):
    checks = checks_of(("always", "full", "quick"), only=[name])
    if not_run(checks, Means()):
        pytest.skip("it needs more than rows")
    for rows in (odd_rows(), odd_rows()[:1], odd_rows() * 3):
        for one in conclude(examine(chunks_of(rows), checks, Means()), checks, Means()):
            assert one.what.en
            assert one.what.zh
            assert one.rule.en
            assert one.rule.zh
            assert one.count > 0
            assert 0 <= one.share <= 1
            assert one.fix is None or len(one.fix) == 1


@pytest.mark.parametrize("name", NAMES)
def test_pieces_give_what_the_whole_gives(name):
    checks = checks_of(("always", "full", "quick"), only=[name])
    if not_run(checks, Means()):
        pytest.skip("it needs more than rows")
    rows = odd_rows() * 2
    whole = conclude(examine([Chunk(rows)], checks, Means()), checks, Means())
    assert conclude(examine(chunks_of(rows, 7), checks, Means()), checks, Means()) == whole


def test_two_processes_give_what_one_gives():
    checks = able(checks_of(("always", "full")), Means())
    rows = odd_rows() * 5
    told: list[int] = []
    one = examine(chunks_of(rows, 50), checks, Means())
    two = examine(chunks_of(rows, 50), checks, Means(), processes=2, told=told.append)
    assert conclude(one, checks, Means()) == conclude(two, checks, Means())
    assert told[-1] == len(rows)
    assert one.kinds == two.kinds


def test_thresholds_are_changed_by_name():
    checks = able(checks_of(changes={"lengths.most": "20", "label_counts.uneven": 0.5}), Means())
    assert checks["lengths"].most == 20
    assert checks["label_counts"].uneven == 0.5
    found = conclude(examine(chunks_of([talk(1, "x" * 21, "y")]), checks, Means()), checks, Means())
    assert "long_rows" in [one.id for one in found]


def test_wrong_names_and_values_are_told_at_once():
    with pytest.raises(UsageError) as refused:
        checks_of(changes={"lenghts.most": 1, "lengths.moist": 1, "lengths.most": "many"})
    told = str(refused.value)
    assert "did you mean 'lengths'" in told
    assert "did you mean 'most'" in told
    assert "many" in told


def test_every_fix_is_a_step_that_can_be_run():
    checks = able(checks_of(("always", "full", "quick")), Means())
    findings = conclude(examine(chunks_of(odd_rows() * 5, 50), checks, Means()), checks, Means())
    steps = [(name, settings) for one in findings if one.fix for name, settings in one.fix.items()]
    assert len({name for name, _ in steps}) > 5
    for name, settings in steps:
        assert step_named(name, settings)
