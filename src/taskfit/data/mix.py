"""Rows of several files become the rows of one training: by shares of the whole, or by how often a file is taken."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from taskfit.core.example import Example
from taskfit.core.text import Text


@dataclass(frozen=True)
class Part:
    """The rows of one file; `share` of all rows, or taken `weight` times."""

    name: str
    examples: tuple[Example, ...]
    share: float | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class Mixture:
    """The mixed rows, the rows that the shares leave no room for, and what there is to say about it."""

    examples: tuple[Example, ...]
    left_out: tuple[Example, ...]
    remarks: tuple[Text, ...]


def mix(parts: Sequence[Part], *, seed: int) -> Mixture:
    """Mix rows; a row that is taken several times gets an id of its own each time.

    Files without a share are taken whole (times their weight); files with one are drawn until they have it,
    again from the start when they are too small, which is said. Where every file has a share, no row is taken
    twice: the whole is as large as the file allows that is used up first.
    """
    counts = _counts(parts)
    taken: list[Example] = []
    left: list[Example] = []
    remarks = []
    for number, (part, count) in enumerate(zip(parts, counts, strict=True)):
        order = np.random.default_rng([seed, 3, number]).permutation(len(part.examples)).tolist()
        rounds, rest = divmod(count, len(part.examples))
        drawn = set(order[:rest])
        for turn in range(rounds):
            taken += [_again(example, turn) for example in part.examples]
        taken += [_again(example, rounds) for place, example in enumerate(part.examples) if place in drawn]
        if rounds == 0:
            left += [example for place, example in enumerate(part.examples) if place not in drawn]
        if count != len(part.examples):
            remarks.append(_told(part, count))
    return Mixture(tuple(taken), tuple(left), tuple(remarks))


def _counts(parts: Sequence[Part]) -> list[int]:
    whole = sum(_weighed(part) for part in parts if part.share is None)
    shared = sum(part.share for part in parts if part.share is not None)
    if whole:
        total = whole / (1 - shared)
    else:
        total = min((len(part.examples) / part.share for part in parts if part.share is not None), default=0.0)
    return [_weighed(part) if part.share is None else max(1, round(total * part.share)) for part in parts]


def _weighed(part: Part) -> int:
    return max(1, round(len(part.examples) * part.weight))


def _again(example: Example, turn: int) -> Example:
    return example if turn == 0 else replace(example, id=f"{example.id}~{turn + 1}")


def _told(part: Part, count: int) -> Text:
    rows = len(part.examples)
    if count < rows:
        return Text(
            f"{part.name}: {count} of {rows} rows are taken, drawn by the seed",
            f"{part.name}：共 {rows} 行，按种子抽取 {count} 行",
        )
    return Text(
        f"{part.name}: its {rows} rows are taken {count / rows:.3g} times each",
        f"{part.name}：{rows} 行各取用 {count / rows:.3g} 次",
    )
