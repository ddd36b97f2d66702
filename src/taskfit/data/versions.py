"""Two versions of a data set compared: rows added, removed, changed, and those that only moved."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from taskfit.data.record import Record


@dataclass(frozen=True)
class Versions:
    """What differs between two versions; `changed` are (before, after) of rows with one id and other words."""

    same: int
    added: tuple[Record, ...]
    removed: tuple[Record, ...]
    changed: tuple[tuple[Record, Record], ...]


def compare(before: Sequence[Record], after: Sequence[Record]) -> Versions:
    """Return the difference of two versions.

    Rows with equal words (by `Record.hash`) are the same, wherever they stand, each counted as often as it occurs.
    Of the others those with one id, or with one parent, are one changed row; the rest are removed or added.
    """
    hashes = [record.hash for record in before], [record.hash for record in after]
    common = Counter(hashes[0]) & Counter(hashes[1])
    old, new = (_left(rows, names, Counter(common)) for rows, names in zip((before, after), hashes, strict=True))
    by_id: dict[str, list[Record]] = defaultdict(list)
    for record in reversed(old):
        by_id[record.id].append(record)
    changed: list[tuple[Record, Record]] = []
    added: list[Record] = []
    for record in new:
        mates = by_id.get(record.id) or by_id.get(record.about.get("parent", ""))
        if mates:
            changed.append((mates.pop(), record))
        else:
            added.append(record)
    matched = {id(one) for one, _ in changed}
    removed = tuple(record for record in old if id(record) not in matched)
    return Versions(sum(common.values()), tuple(added), removed, tuple(changed))


def _left(rows: Sequence[Record], names: Sequence[str], common: Counter[str]) -> list[Record]:
    """Return the rows that are not among the common ones."""
    left = []
    for record, name in zip(rows, names, strict=True):
        if common[name]:
            common[name] -= 1
        else:
            left.append(record)
    return left
