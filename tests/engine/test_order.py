"""The order of rows: permutations that are pure functions, and pieces that hold each row once."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.engine.order import order_of_epoch, pieces_by_number, pieces_by_tokens, rows_of_step


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(0, 2**31), st.integers(0, 50))
def test_the_order_of_an_epoch_is_a_permutation_and_a_pure_function(rows: int, seed: int, epoch: int) -> None:
    order = order_of_epoch(rows, seed, epoch)
    assert sorted(order) == list(range(rows))
    assert order == order_of_epoch(rows, seed, epoch)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = {tuple(order_of_epoch(40, seed, epoch)) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 20))
def test_the_steps_of_an_epoch_hold_every_row_once(rows: int, batch: int) -> None:
    per_epoch = math.ceil(rows / batch)
    second = [rows_of_step(rows, batch, 5, step) for step in range(per_epoch, 2 * per_epoch)]
    assert sorted(row for step in second for row in step) == list(range(rows))
    assert all(len(step) == batch for step in second[:-1])


@given(st.lists(st.integers(1, 50), max_size=30), st.integers(1, 100))
def test_pieces_by_tokens_hold_every_row_once_and_fit(lengths: list[int], at_once: int) -> None:
    pieces = pieces_by_tokens(range(len(lengths)), lambda row: lengths[row], at_once)
    assert [row for piece in pieces for row in piece] == list(range(len(lengths)))
    assert all(sum(lengths[row] for row in piece) <= at_once for piece in pieces if len(piece) > 1)


@given(st.lists(st.integers(0, 99), max_size=30), st.integers(1, 40))
def test_pieces_by_number_hold_every_row_once_and_are_equal(rows: list[int], number: int) -> None:
    pieces = pieces_by_number(rows, number)
    assert [row for piece in pieces for row in piece] == rows
    assert len(pieces) == min(number, len(rows))
    assert not pieces or max(map(len, pieces)) - min(map(len, pieces)) <= 1
