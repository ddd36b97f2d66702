"""The order of rows: pure functions of rows, seed and step, so that resumed runs and more ranks read the same."""

import math
from collections.abc import Callable, Sequence

import numpy as np


def order_of_epoch(rows: int, seed: int, epoch: int) -> list[int]:
    """Return the order of the rows in an epoch: a pure function of its arguments."""
    order: list[int] = np.random.default_rng([seed, epoch]).permutation(rows).tolist()
    return order


def rows_of_step(rows: int, batch: int, seed: int, step: int) -> list[int]:
    """Return the rows of optimizer step `step` (0-based); the last step of an epoch may be short."""
    per_epoch = math.ceil(rows / batch)
    epoch, place = divmod(step, per_epoch)
    return order_of_epoch(rows, seed, epoch)[place * batch : (place + 1) * batch]


def pieces_by_tokens(rows: Sequence[int], tokens: Callable[[int], int], at_once: int) -> list[list[int]]:
    """Cut rows into pieces of at most `at_once` tokens, or of one row that is longer."""
    pieces: list[list[int]] = []
    used = at_once
    for row in rows:
        if used + tokens(row) > at_once:
            pieces.append([])
            used = 0
        pieces[-1].append(row)
        used += tokens(row)
    return pieces


def pieces_by_number(rows: Sequence[int], pieces: int) -> list[list[int]]:
    """Cut rows into `pieces` of equal numbers (within one); fewer rows make fewer pieces."""
    return [part.tolist() for part in np.array_split(np.array(rows, dtype=int), pieces) if len(part)]
