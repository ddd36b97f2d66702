"""Duplicates: rows that say the same thing, exactly or nearly, get the same group.

Exactly: equal after NFKC and case folding when only letters and digits are looked at. Nearly: Jaccard similarity of character
5-grams at least 0.8, found with MinHash (Broder 1997) in 16 bands of 4 and then computed exactly; a pair at
0.8 is missed once in 4,600 ((1 - 0.8^4)^16).
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from taskfit.core.example import Example

GRAM = 5
SIMILAR = 0.8
SHORT = 10
BANDS, ROWS_PER_BAND = 16, 4
CROWD = 32
FEWEST_GRAMS = SHORT - GRAM + 1

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]


# Indic, Thai and Lao vowel signs are no letters for Python; without them words become other words.
_NOISE = re.compile(r"(?<=\d)([^\w\u0900-\u0eff]+)(?=\d)|(?<!\w)(-)(?=\d)|[^\w+#\u0900-\u0eff]|_")


def normal(text: str) -> str:
    """Return `text` in the form in which exact duplicates are equal: small letters and digits, no marks, no space.

    Marks stay where they change the meaning: between digits (1.5 + 2), a minus before one, in C++ and C#;
    and in a text that has nothing else.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _NOISE.sub(_kept, plain) or " ".join(plain.split())


def _kept(found: re.Match[str]) -> str:
    between = found[1]
    if between is not None:
        return "".join(between.split()) or " "
    return found[2] or ""


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
    forest = Forest(len(distinct))
    link_similar(distinct, forest)
    first_of: dict[str, int] = {}
    for key, group in zip(keys, groups, strict=True):
        if group is not None:
            forest.join(place[key], first_of.setdefault(group, place[key]))
    names: dict[int, str] = {}
    for number, key in enumerate(distinct):
        names.setdefault(forest.root(number), _short_hash(key))
    return tuple(names[forest.root(place[key])] for key in keys)


@dataclass
class Forest:
    """Disjoint sets of numbers (union-find); the root of a set is its smallest number."""

    size: int
    parents: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.parents = list(range(self.size))

    def root(self, number: int) -> int:
        """Return the smallest number of the set of `number`."""
        parents = self.parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def join(self, one: int, other: int) -> None:
        """Make one set of the sets of two numbers."""
        low, high = sorted((self.root(one), self.root(other)))
        self.parents[high] = low


def link_similar(texts: Sequence[str], forest: Forest) -> None:
    """Join the numbers of all near-duplicate texts in `forest`."""
    grams = gram_sets(texts)
    sets: dict[int, frozenset[int]] = {}

    def of(row: int) -> frozenset[int]:
        if row not in sets:
            sets[row] = frozenset(grams.of(row).tolist())
        return sets[row]

    for one, other in candidates(grams):
        if forest.root(one) != forest.root(other) and jaccard(of(one), of(other)) >= SIMILAR:
            forest.join(one, other)


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """Return the size of the intersection over the size of the union; 0 for two empty sets."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0


@dataclass(frozen=True)
class Grams:
    """The distinct gram hashes of each text that has enough of them: `hashes[starts[i]:ends[i]]` is of text `rows[i]`."""

    hashes: Hashes
    rows: Numbers
    starts: Numbers
    ends: Numbers

    def of(self, row: int) -> Hashes:
        """Return the gram hashes of the text with number `row`; empty when it has too few."""
        at = int(np.searchsorted(self.rows, row))
        if at == len(self.rows) or self.rows[at] != row:
            return self.hashes[:0]
        return self.hashes[self.starts[at] : self.ends[at]]


def gram_sets(texts: Sequence[str]) -> Grams:
    """Return the hashed character 5-grams of every text of at least ten characters.

    Grams that stand in more than half of the texts say nothing about one of them (an instruction that all
    rows share) and are left out.
    """
    lengths = np.fromiter((len(text) if len(text) >= SHORT else 0 for text in texts), np.int64, len(texts))
    joined = "".join(text for text in texts if len(text) >= SHORT)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    if not len(codes):
        nothing = np.zeros(0, np.int64)
        return Grams(np.zeros(0, np.uint64), nothing, nothing, nothing)
    rows = np.repeat(np.arange(len(texts)), lengths)
    hashes = _mixed(_rolled(codes))
    inside = rows[: len(hashes)] == rows[GRAM - 1 :]
    rows, hashes = _distinct(rows[: len(hashes)][inside], hashes[inside])
    if len(texts) >= 20:
        _, where, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        telling = (counts <= len(texts) / 2)[where]
        rows, hashes = rows[telling], hashes[telling]
    present, starts, counts = np.unique(rows, return_index=True, return_counts=True)
    enough = counts >= FEWEST_GRAMS
    return Grams(hashes, present[enough], starts[enough], (starts + counts)[enough])


def candidates(grams: Grams) -> Iterator[tuple[int, int]]:
    """Yield pairs of texts that agree in a whole band of their MinHash signatures, each pair once."""
    if len(grams.rows) < 2:
        return
    seen: set[tuple[int, int]] = set()
    for band in _bands(grams):
        order = np.argsort(band, kind="stable")
        edges = np.flatnonzero(np.diff(band[order])) + 1
        for crowd in np.split(grams.rows[order], edges) if len(edges) < len(band) - 1 else ():
            if len(crowd) > 1:
                fresh = [pair for pair in _pairs(crowd.tolist()) if pair not in seen]
                seen.update(fresh)
                yield from fresh


def _pairs(crowd: list[int]) -> Iterator[tuple[int, int]]:
    # In a crowd, neighbours in the order of the texts are enough to join it: a set is wanted, not all its pairs.
    reach = len(crowd) if len(crowd) <= CROWD else CROWD // 2
    for at, one in enumerate(crowd):
        for other in crowd[at + 1 : at + 1 + reach]:
            yield one, other


def _bands(grams: Grams) -> Iterator[Hashes]:
    # Left-out texts lie between the kept ones, so the kept grams are taken together first.
    sizes = grams.ends - grams.starts
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    kept = grams.hashes[np.repeat(grams.starts - starts, sizes) + np.arange(int(sizes.sum()))]
    random = np.random.default_rng(20_240_229)
    for _ in range(BANDS):
        band = np.zeros(len(starts), np.uint64)
        for factor in random.integers(1, 2**63, ROWS_PER_BAND, dtype=np.uint64):
            # An odd factor permutes the 64-bit numbers; the shift lets low bits speak too.
            mixed = kept * (factor << np.uint64(1) | np.uint64(1))
            mixed ^= mixed >> np.uint64(29)
            band = _mixed(band ^ np.minimum.reduceat(mixed, starts))
        yield band


def _rolled(codes: Hashes) -> Hashes:
    count = len(codes) - GRAM + 1
    hashes = np.zeros(count, np.uint64)
    for offset in range(GRAM):
        hashes = hashes * np.uint64(0x100000001B3) + codes[offset : offset + count]
    return hashes


def _mixed(hashes: Hashes) -> Hashes:
    # The finaliser of SplitMix64 (Steele et al. 2014).
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


def _distinct(rows: Numbers, hashes: Hashes) -> tuple[Numbers, Hashes]:
    order = np.lexsort((hashes, rows))
    rows, hashes = rows[order], hashes[order]
    new = np.ones(len(rows), bool)
    new[1:] = (rows[1:] != rows[:-1]) | (hashes[1:] != hashes[:-1])
    return rows[new], hashes[new]


def _short_hash(key: str) -> str:
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
