"""A split that stays as it is when rows are added: each group goes where a hash of it says, or where it was before."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from taskfit.core.text import Text
from taskfit.data.near import SIMILAR, clusters, united
from taskfit.data.record import Record
from taskfit.data.said import said_by


@dataclass(frozen=True)
class Sides:
    """The side of each row, the group it belongs to, and remarks: groups whose rows were on two sides before."""

    sides: tuple[str, ...]
    groups: tuple[int, ...]
    remarks: tuple[Text, ...] = ()


def stable_sides(
    records: Sequence[Record], shares: Mapping[str, float], *, seed: int = 0, before: Mapping[str, str] | None = None
) -> Sides:
    """Return the side of each row, by the names in `shares` (their shares sum to 1).

    Copies, near copies (Jaccard of 5-grams at least 0.8) and rows of one `group` go to one side. A group with rows
    that had a side `before` (by their hash) stays there: where they had two, the later one in `shares` wins, so that test
    rows stay in test. Any other group goes where a hash of it and the seed says, whatever the other rows are;
    so shares hold on average, not exactly.
    """
    before = before or {}
    groups = groups_of(records)
    order = list(shares)
    known: dict[int, set[str]] = {}
    smallest: dict[int, str] = {}
    hashes = [record.hash for record in records]
    for record, name, group in zip(records, hashes, groups, strict=True):
        if before.get(name) in shares:
            known.setdefault(group, set()).add(before[name])
        key = f"group:{record.group}" if record.group is not None else name
        smallest[group] = min(smallest.get(group, key), key)
    torn = sum(len(sides) > 1 for sides in known.values())
    side_of = {
        group: max(known[group], key=order.index) if group in known else _drawn(smallest[group], shares, seed)
        for group in smallest
    }
    remarks = (
        Text(
            f"{torn} groups had rows on two sides before; all their rows are now on the later one ({order[-1]} last)",
            f"有 {torn} 个分组此前分散在两侧；现全部归入靠后的一侧（{order[-1]} 最后）",
        ),
    )
    return Sides(tuple(side_of[group] for group in groups), tuple(groups), remarks if torn else ())


def groups_of(records: Sequence[Record]) -> list[int]:
    """Return the number of the group of each row: copies, near copies and rows of one `group` are one."""
    said = said_by(records)
    labels = clusters(said.asked_grams, similar=SIMILAR)
    first: dict[object, int] = {}
    pairs: list[tuple[int, int]] = []
    for row, (key, record) in enumerate(zip(said.asked_keys.tolist(), records, strict=True)):
        for name in (("asked", key), *([("group", record.group)] if record.group is not None else [])):
            pairs.append((first.setdefault(name, row), row))
    if pairs:
        one, other = np.array(pairs).T
        labels = united(labels, one, other)
    return [int(label) for label in labels]


def _drawn(key: str, shares: Mapping[str, float], seed: int) -> str:
    digest = hashlib.blake2b(f"{seed}:{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    point, reached = int.from_bytes(digest, "big") / 2**64, 0.0
    for side, share in shares.items():
        reached += share
        if point < reached:
            return side
    return list(shares)[-1]
