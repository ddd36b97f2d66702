"""Duplicates: rows that say the same thing, exactly or nearly, get the same group.

Exactly: equal after NFKC and case folding when only letters and digits are looked at (`normal`). Nearly: Jaccard
similarity of character 5-grams at least 0.8 (`near`).
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from taskfit.core.example import Example
from taskfit.data.grams import gram_sets, telling
from taskfit.data.near import clusters, united
from taskfit.data.normal import normal


def key_of(example: Example) -> str:
    """Return what an example asks, in normal form; its target is not part of it."""
    if len(example.messages) == 1:
        return normal(example.messages[0].content)
    return "\x1f".join(f"{message.role} {normal(message.content)}" for message in example.messages)


def duplicate_groups(examples: Sequence[Example]) -> tuple[str, ...]:
    """Return one group id per example: equal for exact and near duplicates and for rows of one `group`.

    The ids depend on what the rows say, not on their order.
    """
    return groups_of([key_of(example) for example in examples], [example.group for example in examples])


def groups_of(keys: Sequence[str], groups: Sequence[str | None]) -> tuple[str, ...]:
    """Return the group ids of rows by their keys (see `key_of`) and the groups they are given."""
    # Sorted, so that the result is the same for every order of the rows.
    distinct = sorted(set(keys))
    place = {key: number for number, key in enumerate(distinct)}
    first_of: dict[str, int] = {}
    linked = [
        (place[key], first_of.setdefault(group, place[key]))
        for key, group in zip(keys, groups, strict=True)
        if group is not None
    ]
    one, other = np.array(linked, np.int64).reshape(-1, 2).T
    roots = united(clusters(telling(gram_sets(distinct))), one, other).tolist()
    names = {root: _short_hash(distinct[root]) for root in set(roots)}
    return tuple(names[roots[place[key]]] for key in keys)


def _short_hash(key: str) -> str:
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
