"""What is true of every row format: its example is recognised, and what it can hold comes back as it was."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from taskfit.core.example import Message, Origin, ToolCall
from taskfit.core.target import Span
from taskfit.data.beside import Seen, completed, fields_of
from taskfit.data.compare import missing
from taskfit.data.json_text import parse_row, written_json
from taskfit.data.record import Record, kinds_of
from taskfit.data.rows import RawRow
from taskfit.data.shape import SHAPES, SURE, folded, ranking, shape_named
from taskfit.data.wrong import Wrong

NAMES = SHAPES.names()
HERE = Origin("rows.jsonl", 1)

# Words that mean something to a reader (marks of thoughts, "none", "-1") have tests of their own.
LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn"), exclude_characters="\ufeff<>\\")
WORDS = st.text(LETTERS, min_size=1, max_size=12).filter(lambda text: text.strip() and text.strip() == text)
LINES = st.lists(WORDS, min_size=1, max_size=3).map("\n".join)
PLAIN = LINES.filter(
    lambda text: text.strip()[0] not in "[{-" and text.casefold() not in ("none", "na", "null", "nil", "无", "空")
)
CALLS = st.builds(
    ToolCall,
    st.sampled_from(("add", "查询")),
    st.dictionaries(WORDS, st.one_of(WORDS, st.integers(), st.booleans(), st.none()), max_size=2).map(
        lambda given: written_json(parse(written_json(given)))
    ),
    st.sampled_from(("c1", "c2")),
)
TOOL = '{"type": "function", "function": {"name": "add", "description": "adds", "parameters": {"type": "object"}}}'


def parse(text):
    row = parse_row(text, 1)
    assert isinstance(row, RawRow), (text, row)
    return row.fields


@st.composite
def talks(draw, *, answered: bool = True):
    plain = draw(st.booleans())
    messages = [Message("system", draw(PLAIN))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 2))):
        messages.append(Message("user", draw(PLAIN)))
        if not plain and draw(st.booleans()):
            calls = tuple(draw(st.lists(CALLS, min_size=1, max_size=2)))
            thought = draw(st.one_of(st.just(""), WORDS))
            weight = draw(st.sampled_from((None, 0.0, 1.0, 0.5)))
            messages.append(Message("assistant", draw(st.sampled_from(("", "wait"))), thought, calls, weight=weight))
            messages += [
                Message("tool", draw(PLAIN), name=draw(st.sampled_from(("", "add"))), call_id=call.id) for call in calls
            ]
        thought = "" if plain else draw(st.one_of(st.just(""), WORDS))
        weight = None if plain else draw(st.sampled_from((None, 0.0, 1.0)))
        messages.append(Message("assistant", draw(PLAIN), thought, weight=weight))
    return tuple(messages if answered else messages[:-1])


@st.composite
def records(draw):
    prompt = draw(talks(answered=False))
    answer, other = (Message("assistant", draw(PLAIN), draw(st.one_of(st.just(""), WORDS))) for _ in range(2))
    text = draw(PLAIN)
    first, second = draw(PLAIN), draw(PLAIN)
    asked = (Message("user", f"{first}\n{second}"),)
    span = Span(0, len(text.split("\n")[0].split(" ")[0]), "PER")
    letters = dict(zip("ABC", (draw(WORDS) for _ in range(3)), strict=True))
    choosing = "\n".join([text, *(f"{letter}. {one}" for letter, one in letters.items())])
    tools = draw(st.sampled_from(((), (TOOL,))))
    margin = draw(st.one_of(st.none(), st.floats(0.25, 8).map(lambda number: round(number, 2))))
    record = draw(
        st.sampled_from(
            (
                {"messages": draw(talks()), "tools": tools},
                {"messages": (*asked, answer), "parts": {"instruction": first, "input": second}},
                {"messages": (*asked, replace(answer, thinking="")), "parts": {"context": first, "question": second}},
                {"messages": (Message("user", text), replace(answer, thinking="")), "parts": {"document": text}},
                {
                    "messages": (Message("user", text), replace(answer, thinking="")),
                    "parts": {"source": text},
                    "about": draw(st.sampled_from(({}, {"source_lang": "en", "target_lang": "zh"}))),
                },
                {"messages": prompt, "tools": tools},
                {"messages": (Message("user", text),), "label": draw(WORDS.filter(lambda word: word[0] not in "[-"))},
                {"messages": (Message("user", text),), "labels": tuple(sorted({draw(WORDS), draw(WORDS)}))},
                {"messages": (Message("user", text),), "spans": (span,), "labels": kinds_of((span,))},
                {"messages": asked, "label": draw(WORDS), "parts": {"premise": first, "hypothesis": second}},
                {"messages": (Message("user", choosing),), "label": "B", "parts": {"question": text, **letters}},
                {"text": text},
                {"messages": prompt, "chosen": (answer,), "rejected": (other,), "margin": margin, "tools": tools},
                {"messages": prompt, "chosen": (answer,), "verdict": draw(st.booleans()), "tools": tools},
                {"messages": (Message("user", text),), "steps": ((first, True), (second, draw(st.booleans())))},
            )
        )
    )
    record = Record(draw(st.sampled_from((str(HERE), "own"))), HERE, **record)
    beside = {} if record.about or not draw(st.booleans()) else {"license": "mit"}
    return replace(
        record,
        group=draw(st.sampled_from((None, "g1"))),
        about={**record.about, **beside},
        extra=draw(st.sampled_from(({}, {"solution": "42"}))),
    )


def again_of(record: Record, shape, fields) -> Record:
    seen = Seen(folded(parse(written_json(fields))))
    names = {name.strip().casefold(): name for name in fields}
    return completed(shape.read(seen), seen, names, record.origin)


@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(record=records())
def test_what_a_shape_can_hold_comes_back_as_it_was(record):
    reasons = []
    for name in NAMES:
        shape = shape_named(name)
        try:
            fields = fields_of(record, shape)
        except Wrong as wrong:
            reasons.append(wrong.reason)
            continue
        again = again_of(record, shape, fields)
        held = {"id", "group", "about.license", "extra.solution", *shape.HOLDS}
        lost = [one for one in missing(record, again) if one in held or one.partition(".")[0] + ".*" in held]
        assert not lost, (name, lost, fields)
        won = set(missing(again, record)) - set(missing(record, again))
        assert not {one for one in won if not one.startswith("parts.")}, (name, won, fields)
        # What came back is written as it was: nothing is lost little by little.
        assert missing(again, again_of(again, shape, fields_of(again, shape))) == (), (name, fields)
    assert all(reason.en and reason.zh for reason in reasons)


@pytest.mark.parametrize("name", NAMES)
def test_some_record_fits_every_shape(name):
    shape = shape_named(name)
    found = shape.read(Seen(folded(parse(written_json(shape.ROW)))))
    assert json.loads(written_json(shape.write(found)))


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_shape_is_recognised_as_it(name):
    (best, score), (_, behind), *_ = ranking([shape_named(name).ROW])
    assert best == name
    assert score >= SURE
    assert behind < score


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_shape_is_read_and_written_whole(name):
    shape = shape_named(name)
    row = parse(written_json(shape.ROW))
    seen = Seen(folded(row))
    record = completed(shape.read(seen), seen, {one.casefold(): one for one in row}, HERE)
    told = json.loads(written_json(fields_of(record, shape)))
    expected = json.loads(written_json(row))
    if name == "swift_labelled":  # a class is a name, also where it was written as a number
        expected["label"] = "1"
    assert told == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_shape_is_told_in_both_languages(name):
    about = shape_named(name).ABOUT
    assert about.en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in about.zh)
    assert (shape_named(name).__doc__ or "").strip()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"text": None, "label": None},
        {"messages": 5, "prompt": [], "conversations": {}, "chosen": None, "rejected": 7, "label": [[]]},
        {"messages": "[{", "tools": "{", "instruction": [], "output": {}, "input": {"messages": 3}},
        {"completions": [1], "labels": "x", "prompt": "a", "answers": {"text": 1}, "context": "a", "question": "b"},
        {"translation": {"en": 1}, "choices": {"text": 3}, "tokens": [1], "ner_tags": ["Q"], "entities": [[1]]},
        {"instances": [[]], "instruction": "a", "query": "b", "response": None, "kto_tag": "maybe", "taskfit": "1"},
        {"messages": [{"role": "user", "content": [{"type": "tool_use"}]}], "steps": [{}], "spans": [{}], "taskfit": 1},
    ],
)
def test_nonsense_is_refused_with_a_reason_or_read_but_never_a_crash(name, fields):
    shape = shape_named(name)
    assert 0 <= shape.likely(fields) <= 1
    reasons = []
    try:
        shape.read(Seen(fields))
    except Wrong as wrong:
        reasons.append(wrong.reason)
    assert all(reason.en and reason.zh for reason in reasons)
