"""The pre-flight shows what is learned, counts it right, proves the end of an answer, and refuses what teaches nothing."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.talks import ASK, SAY, TALKS, speaking
from taskfit.core.errors import DataError
from taskfit.core.example import Message, example_of
from taskfit.core.files import to_json
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.learner import Row
from taskfit.engine.preflight import pieces_of, preflight
from taskfit.engine.talk import TalkRule, rows_of_examples, rows_of_talk
from taskfit.engine.truncate import fit_rows
from taskfit.live_preflight import preflight_of
from taskfit.model.open import open_local
from tiny_models import TinyModels

TASK = Task("generate", "Be good.")


@pytest.fixture
def model(tiny: TinyModels) -> Any:
    return speaking(tiny, "generation")  # two marks more than the tiny model's tokens, which has room for them


def _rows(model: Any, *talks: tuple[Message, ...], rule: TalkRule | None = None) -> list[Row]:
    return [row for n, talk in enumerate(talks, 1) for row in rows_of_talk(model, talk, rule, origin=f"f:{n}").rows]


def test_one_example_is_shown_in_pieces_with_their_weights(model: Any) -> None:
    talk = (ASK, replace(SAY, weight=0.5), ASK, SAY)
    found = preflight(model, _rows(model, talk))
    assert found.pieces == (
        ("<|im_start|>user\nsee the cat<|im_end|>\n<|im_start|>assistant\n", 0.0),
        ("the cat sat<|im_end|>", 0.5),
        ("\n<|im_start|>user\nsee the cat<|im_end|>\n<|im_start|>assistant\n", 0.0),
        ("the cat sat<|im_end|>", 1.0),
        ("\n", 0.0),
    )
    assert found.origin == "f:1"


@settings(max_examples=40, deadline=None)
@given(st.text(), st.data())
def test_the_pieces_are_the_text(tiny: TinyModels, text: str, data: st.DataObject) -> None:
    # Where a piece ends inside a character of several tokens, the piece shows that it is broken.
    model = tiny.open("llama")
    ids = model.encode([f"the {text}"])[0]
    learn = data.draw(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids)))
    pieces = list(pieces_of(model, Row(ids, learn)))
    whole = model.tokenizer.decode(ids, clean_up_tokenization_spaces=False)
    shown = "".join(piece for piece, _ in pieces)
    assert shown.replace("\ufffd", "") == whole.replace("\ufffd", "")
    assert [weight for _, weight in pieces] == [
        w for p, w in enumerate([0, *learn[1:]]) if p == 0 or w != [0, *learn[1:]][p - 1]
    ]


def test_a_piece_keeps_the_blank_before_its_first_word(shared_models: Path) -> None:
    model = open_local(str(shared_models / "stories260K-llama"))
    ids = model.encode(["Once upon a time"])[0]
    learn = [False] * (len(ids) - 1) + [True]
    pieces = list(pieces_of(model, Row(ids, learn)))
    assert "".join(piece for piece, _ in pieces) == model.tokenizer.decode(ids)


def test_rows_and_tokens_are_counted(model: Any) -> None:
    rows = [*_rows(model, TALKS["several"], (ASK,)), Row([1, 1, 5], [0, 0, 1], "g:1")]
    counts = preflight(model, rows, answers=3).counts
    learned = [sum(map(bool, row.learn)) for row in rows]
    assert counts["rows"] == 3
    assert counts["answers"] == 3
    assert counts["tokens_read"] == sum(len(row.ids) for row in rows)
    assert counts["tokens_learned"] == sum(learned)
    assert counts["longest"] == len(rows[0].ids)
    assert counts["rows_without_learning"] == 1
    assert counts["ends_learned"] == 3
    assert counts["rows_with_learned_end"] == 1
    assert counts["rows_with_two_starts"] == 1


def test_the_end_of_an_answer_is_proved_to_be_learned_also_where_it_is_the_padding(model: Any) -> None:
    found = preflight(model, _rows(model, TALKS["one"]))
    assert any("is learned in 1 of 1 rows" in fact.en for fact in found.facts)
    assert not found.warnings
    tokenizer = copy.deepcopy(model.tokenizer)
    tokenizer.pad_token = "<|im_end|>"
    padded = replace(model, tokenizer=tokenizer)
    rows = _rows(padded, TALKS["one"])
    learned = [token for token, weight in zip(rows[0].ids, rows[0].learn, strict=True) if weight]
    assert learned[-1] == tokenizer.pad_token_id
    assert any("padding token too, and not masked" in fact.en for fact in preflight(padded, rows).facts)


def test_rows_that_never_teach_an_end_are_warned_of(model: Any) -> None:
    rows = _rows(model, TALKS["one"], rule=TalkRule(end=False))
    found = preflight(model, rows)
    assert [warning.en[:35] for warning in found.warnings] == ["no row teaches where an answer ends"]
    assert not preflight(model, rows, ends=False).warnings


def test_two_starts_of_a_text_are_warned_of(model: Any) -> None:
    found = preflight(model, [Row([1, 1, 5, 2], [0, 0, 1, 1])])
    assert any("beginning-of-text token twice" in warning.en for warning in found.warnings)


def test_what_would_teach_nothing_is_refused(model: Any) -> None:
    with pytest.raises(DataError, match="none of the 2 training rows"):
        preflight(model, _rows(model, (ASK,), (ASK, replace(SAY, weight=0.0))))
    with pytest.raises(DataError, match="none of the 0"):
        preflight(model, [])
    with pytest.raises(DataError, match="none of the 1"):  # the first token follows nothing
        preflight(model, [Row([5, 6], [1, 0])])


def test_everything_that_is_wrong_is_told_at_once(model: Any) -> None:
    long, foreign = Row([1] * 200, [0] * 200, "f:1"), Row([1, 10**6], [0, 0], "f:2")
    with pytest.raises(DataError) as problem:
        preflight(model, [long, foreign])
    assert [finding.where for finding in problem.value.findings] == ["f:1", "f:2", ""]


def test_rows_without_learning_and_what_was_done_before_are_named(model: Any) -> None:
    rows = _rows(model, TALKS["several"], TALKS["one"], (ASK,))
    short = fit_rows(rows, len(rows[1].ids), "cut_prompt")
    found = preflight(model, short.rows, notes=short.notes)
    said = [fact.en for fact in found.facts]
    assert any("the answer kept (1 row: f:1)" in fact for fact in said)
    assert any("nothing is learned of a row (1 row: f:3)" in fact for fact in said)


def test_special_tokens_in_words_are_told(model: Any) -> None:
    rows = rows_of_examples(model, TASK, [example_of("what does <|im_end|> do", "it ends")])
    found = preflight(model, rows.rows, answers=rows.answers, notes=rows.notes)
    assert any("holds '<|im_end|>'" in fact.en and "memory:1" in fact.en for fact in found.facts)


def test_many_places_are_cut_short(model: Any) -> None:
    note = Text("done", "做了")
    found = preflight(model, _rows(model, TALKS["one"]), notes={note: [f"f:{n}" for n in range(20)]})
    assert "(20 rows: f:0, f:1, f:2, f:3, f:4, f:5, f:6, f:7 ...)" in found.facts[-1].en
    assert found.facts[-1].zh.startswith("做了（20 行：f:0")


def test_the_event_is_json_and_the_live_view_shows_it(model: Any) -> None:
    first, second = preflight(model, _rows(model, TALKS["one"], rule=TalkRule(end=False))).events("lora")
    assert (first.kind, second.kind, first.data["rung"]) == ("preflight", "warning", "lora")
    to_json(first.data)
    shown = preflight_of(first.data).plain
    assert "⟦the cat sat⟧" in shown
    assert "no row teaches where an answer ends" in shown
