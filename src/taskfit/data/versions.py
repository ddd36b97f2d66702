"""Two versions of a data set compared: rows added, removed, changed, and those that are the same."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from taskfit.data.near import nearest
from taskfit.data.record import Record
from taskfit.data.said import said_by

ALIKE = 0.5
Pair = tuple[Record, Record]


@dataclass(frozen=True)
class Versions:
    """What differs between two versions; `changed` are (before, after) of rows with other words."""

    same: int
    added: tuple[Record, ...]
    removed: tuple[Record, ...]
    changed: tuple[Pair, ...]


def compare(before: Sequence[Record], after: Sequence[Record]) -> Versions:
    """Return the difference of two versions.

    Rows with equal words (by `Record.hash`) are the same, wherever they stand, each counted as often as it occurs.
    Of the others are one changed row, in this order: those with one id of their own, those that ask the same, those that
    answer the same free text, those that ask nearly the same (Jaccard of 5-grams at least 0.5). What is left was
    removed or added.
    """
    hashes = [record.hash for record in before], [record.hash for record in after]
    common = Counter(hashes[0]) & Counter(hashes[1])
    old, new = (_left(rows, names, Counter(common)) for rows, names in zip((before, after), hashes, strict=True))
    changed: list[Pair] = []
    for keys in (_ids, _asked, _answers):
        pairs, old, new = _matched(old, new, keys)
        changed += pairs
    pairs, old, new = _near(old, new)
    place = {id(record): at for at, record in enumerate(after)}
    changed = sorted([*changed, *pairs], key=lambda pair: place[id(pair[1])])
    return Versions(sum(common.values()), tuple(new), tuple(old), tuple(changed))


def _left(rows: Sequence[Record], names: Sequence[str], common: Counter[str]) -> list[Record]:
    """Return the rows that are not among the common ones."""
    left = []
    for record, name in zip(rows, names, strict=True):
        if common[name]:
            common[name] -= 1
        else:
            left.append(record)
    return left


def _ids(records: Sequence[Record]) -> list[Hashable]:
    return [record.id if record.owns_id else None for record in records]


def _asked(records: Sequence[Record]) -> list[Hashable]:
    return list(said_by(records).asked_keys.tolist())


def _answers(records: Sequence[Record]) -> list[Hashable]:
    said = said_by(records)
    pairs = zip(said.answer_keys.tolist(), said.answers, said.labelled.tolist(), strict=True)
    return [key if text and not labelled else None for key, text, labelled in pairs]


def _matched(
    old: list[Record], new: list[Record], keys: Callable[[Sequence[Record]], list[Hashable]]
) -> tuple[list[Pair], list[Record], list[Record]]:
    """Return rows with one key as pairs, each row in one pair, and the rows of both sides that are left."""
    waiting: dict[Hashable, list[Record]] = defaultdict(list)
    for key, record in zip(keys(old), old, strict=True):
        waiting[key].append(record)
    pairs: list[Pair] = []
    left: list[Record] = []
    for key, record in zip(keys(new), new, strict=True):
        if key is not None and waiting.get(key):
            pairs.append((waiting[key].pop(0), record))
        else:
            left.append(record)
    gone = {id(one) for one, _ in pairs}
    return pairs, [record for record in old if id(record) not in gone], left


def _near(old: list[Record], new: list[Record]) -> tuple[list[Pair], list[Record], list[Record]]:
    if not old or not new:
        return [], old, new
    best, how = nearest(said_by(new).asked_grams, said_by(old).asked_grams, similar=ALIKE)
    taken: dict[int, int] = {}
    for row in sorted(range(len(new)), key=lambda row: -how[row]):
        if best[row] >= 0 and int(best[row]) not in taken.values():
            taken[row] = int(best[row])
    pairs = [(old[other], new[row]) for row, other in taken.items()]
    gone = set(taken.values())
    return (
        pairs,
        [record for at, record in enumerate(old) if at not in gone],
        [record for at, record in enumerate(new) if at not in taken],
    )
