"""Rows that are too long are refused, left out, cut or split as asked; nothing is lost without a word."""

from array import array
from dataclasses import replace
from typing import Any

import pytest

from taskfit.core.errors import DataError
from taskfit.engine.learner import Row
from taskfit.engine.truncate import ANSWERS_CUT, fit_rows

SHORT = Row(array("i", [1, 2, 3]), bytes([0, 0, 1]), "f:1")


def _row(learn: str, origin: str = "f:2") -> Row:
    """Return a row with the ids 1, 2, 3 ...; `learn` writes 0 and 1 per token."""
    return Row(array("i", range(1, len(learn) + 1)), bytes(map(int, learn)), origin)


def _plain(row: Row) -> tuple[list[int], list[float]]:
    return list(row.ids), list(row.learn)


def test_rows_that_fit_are_left_alone() -> None:
    for policy in ("refuse", "drop", "cut_prompt", "split"):
        found = fit_rows([SHORT], 3, policy)
        assert found.rows == (SHORT,)
        assert not found.notes


def test_all_rows_that_are_too_long_are_refused_at_once() -> None:
    with pytest.raises(DataError) as problem:
        fit_rows([_row("0001"), SHORT, _row("00011", "f:3")], 3)
    assert [(one.where, "5 tokens" in one.what.en) for one in problem.value.findings] == [("f:2", False), ("f:3", True)]


def test_what_stands_after_the_last_answer_does_not_count() -> None:
    found = fit_rows([_row("0011000")], 4)
    assert _plain(found.rows[0]) == ([1, 2, 3, 4], [0, 0, 1, 1])
    assert not found.notes


def test_dropped_rows_are_named() -> None:
    found = fit_rows([_row("00001"), SHORT], 4, "drop")
    assert found.rows == (SHORT,)
    ((note, places),) = found.notes.items()
    assert "left out" in note.en
    assert places == ("f:2",)


@pytest.mark.parametrize(
    ("learn", "start", "ids", "kept"),
    [
        ("0000011", None, [4, 5, 6, 7], [0, 0, 1, 1]),
        ("0000011", 1, [1, 5, 6, 7], [0, 0, 1, 1]),
        ("0000011", 9, [4, 5, 6, 7], [0, 0, 1, 1]),
        ("0110011", None, [4, 5, 6, 7], [0, 0, 1, 1]),
        ("0011001", None, [5, 6, 7], [0, 0, 1]),
    ],
)
def test_the_beginning_of_a_prompt_is_cut_and_the_last_answer_kept(
    learn: str, start: int | None, ids: list[int], kept: list[int]
) -> None:
    found = fit_rows([_row(learn)], 4, "cut_prompt", start_token=start)
    assert _plain(found.rows[0]) == (ids, kept)
    assert (ANSWERS_CUT in found.notes) == (learn.count("1") > sum(kept))
    assert all(places == ("f:2",) for places in found.notes.values())


def test_an_answer_that_is_too_long_alone_is_left_out_and_named() -> None:
    found = fit_rows([_row("0011111"), _row("0000000", "f:3")], 4, "cut_prompt")
    assert found.rows == ()
    assert sorted(found.notes.values()) == [("f:2",), ("f:3",)]


@pytest.mark.parametrize("learn", ["1111111111", "0001110111", "0000000001", "0111000000001"])
@pytest.mark.parametrize("limit", [2, 3, 4, 7])
def test_in_pieces_every_token_is_learned_once_after_the_token_before_it(learn: str, limit: int) -> None:
    row = _row(learn)
    found = fit_rows([row], limit, "split")
    assert max(len(piece.ids) for piece in found.rows) <= limit
    pairs = [
        (piece.ids[p - 1], piece.ids[p]) for piece in found.rows for p in range(1, len(piece.ids)) if piece.learn[p]
    ]
    assert pairs == [(row.ids[p - 1], row.ids[p]) for p in range(1, len(row.ids)) if row.learn[p]]
    assert {piece.origin for piece in found.rows} == {"f:2"}


@pytest.mark.parametrize("kind", [list, bytes, lambda weights: array("d", weights)])
def test_weights_of_any_kind_are_kept(kind: Any) -> None:
    row = replace(_row("00011"), learn=kind([0, 0, 0, 1, 1]))
    assert list(fit_rows([row], 4, "cut_prompt", start_token=1).rows[0].learn) == [0, 0, 1, 1]


def test_a_limit_of_one_token_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="one token"):
        fit_rows([SHORT], 1)
