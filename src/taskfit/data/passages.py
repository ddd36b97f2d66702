"""Passages: runs of 13 words (8 of a short text; in Chinese, characters) by which a text is recognised inside others.

The rule of Brown et al. 2020 (GPT-3, appendix C): a text whose 13-grams stand in the training data was seen there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskfit.data.normal import Keys, keys_of
from taskfit.data.rouge import rouge_tokens

LONG, SHORT = 13, 8
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """The words of texts, one after the other, as hashes; `lengths` says how many each text has."""

    hashes: Keys
    lengths: Numbers


@dataclass(frozen=True)
class Passages:
    """The hashed passages of texts: `hashes[i]` stands in the text `rows[i]`."""

    hashes: Keys
    rows: Numbers


def words_in(texts: Sequence[str]) -> Words:
    """Return the words of texts: of Chinese its characters."""
    cut = [rouge_tokens(text) for text in texts]
    flat = [word for words in cut for word in words]
    known = dict.fromkeys(flat)
    places = {word: place for place, word in enumerate(known)}
    where = np.fromiter(map(places.__getitem__, flat), np.int64, len(flat))
    return Words(keys_of(known)[where], np.fromiter(map(len, cut), np.int64, len(cut)))


def passages(words: Words, size: int) -> Passages:
    """Return all runs of `size` words that lie within one text."""
    count = len(words.hashes) - size + 1
    if count <= 0:
        return Passages(np.zeros(0, np.uint64), np.zeros(0, np.int64))
    rows = np.repeat(np.arange(len(words.lengths)), words.lengths)
    inside = rows[:count] == rows[size - 1 :]
    hashes = np.full(count, size, np.uint64)
    for offset, factor in enumerate(np.random.default_rng(size).integers(1, 2**63, size, dtype=np.uint64)):
        mixed = words.hashes[offset : offset + count] * (factor << np.uint64(1) | np.uint64(1))
        hashes += mixed ^ (mixed >> np.uint64(32))
    return Passages(hashes[inside], rows[:count][inside])


def telling_passages(words: Words, most: int) -> Passages:
    """Return passages by which each text is recognised: of 13 words, of 8 where it has fewer than 26 words.

    At most `most` of one text are kept (the smallest hashes); those that stand in more than 1 % of the texts and in
    more than five are an instruction that many share, and are left out.
    """
    whole = words.lengths >= 2 * LONG
    found = [passages(words, size) for size in (LONG, SHORT)]
    keep = [whole[found[0].rows], ~whole[found[1].rows]]
    rows = np.concatenate([one.rows[mask] for one, mask in zip(found, keep, strict=True)])
    hashes = np.concatenate([one.hashes[mask] for one, mask in zip(found, keep, strict=True)])
    order = np.lexsort((hashes, rows))
    rows, hashes = rows[order], hashes[order]
    new = np.append(True, (rows[1:] != rows[:-1]) | (hashes[1:] != hashes[:-1]))[: len(rows)]
    rows, hashes = rows[new], hashes[new]
    _, where, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    own = (counts <= max(5, 0.01 * len(words.lengths)))[where]
    rows, hashes = rows[own], hashes[own]
    sizes = np.bincount(rows, minlength=len(words.lengths))
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return Passages(hashes[rank < most], rows[rank < most])


def standing_in(wanted: Keys, words: Words) -> NDArray[np.bool_]:
    """Return which of the `wanted` passages stand in the texts of `words`."""
    found = np.zeros(len(wanted), bool)
    if not len(wanted):
        return found
    order = np.argsort(wanted, kind="stable")
    ordered = wanted[order]
    # Most passages of other texts are none of these: a table of one bit each tells nearly all of them.
    bits = np.uint64((1 << 22) - 1)
    table = np.zeros(1 << 22, bool)
    table[ordered & bits] = True
    for size in (LONG, SHORT):
        hashes = passages(words, size).hashes
        hashes = np.unique(hashes[table[hashes & bits]])
        low, high = (np.searchsorted(ordered, hashes, side=side) for side in ("left", "right"))
        marks = np.zeros(len(wanted) + 1, np.int64)
        np.add.at(marks, low, 1)
        np.add.at(marks, high, -1)
        found[order] |= np.cumsum(marks)[:-1] > 0
    return found
