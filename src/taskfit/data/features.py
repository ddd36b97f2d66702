"""What simple classifiers read of texts: TF-IDF of hashed words, beginnings and character n-grams, as a sparse matrix.

One way for all languages: where words are written without spaces, each character is a word, and the n-grams do the
rest.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from taskfit.data.passages import Words, words_in

if TYPE_CHECKING:
    from scipy.sparse import csr_array

GRAMS = (2, 3, 4, 5)
FIRST_WORDS = 3
MOST_CHARACTERS = 4000
FEWEST_TEXTS = 2
MOST_FEATURES = 1 << 16

Hashes = NDArray[np.uint32]
Numbers = NDArray[np.int64]
Features = tuple[Hashes, Numbers]
"""Hashed features, and the row in which each stands."""

_SPACES = re.compile(r"\s+")


def tf_idf(texts: Sequence[str]) -> "csr_array":
    """Return one row per text: words and pairs of words, the first words, and character n-grams, each of length 1.

    Counts are damped by a logarithm and weighted by how rare a feature is among these texts. Features that stand in
    one text only say nothing about another and are left out; of too many the most frequent stay. Of each text the
    first 4,000 characters are read.
    """
    from scipy.sparse import csr_array, hstack

    cut = [_SPACES.sub(" ", text[:MOST_CHARACTERS].lower()).strip() for text in texts]
    words = words_in(cut)
    blocks = (_words(words), _beginnings(words), _characters(cut))
    table = csr_array(hstack([_weighted(*_joined(block), len(texts)) for block in blocks], format="csr"))
    # Solvers take 32-bit places only; there are far fewer than 2^31 values.
    table.indices, table.indptr = table.indices.astype(np.int32), table.indptr.astype(np.int32)
    return table


def _weighted(hashes: Hashes, rows: Numbers, texts: int) -> "csr_array":
    from scipy.sparse import csr_array

    keys = np.sort(rows.astype(np.uint64) << np.uint64(32) | hashes)
    new = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
    counts = np.diff(np.append(np.flatnonzero(new), len(keys)))
    hashes, rows = keys[new].astype(np.uint32), (keys[new] >> np.uint64(32)).astype(np.int64)
    names, column, standing = np.unique(hashes, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(standing >= FEWEST_TEXTS)
    kept = np.sort(kept[np.argsort(-standing[kept], kind="stable")[:MOST_FEATURES]])
    place = np.full(len(names), -1)
    place[kept] = np.arange(len(kept))
    used = place[column] >= 0
    rows, columns = rows[used], place[column[used]]
    rare = np.log((1 + texts) / (1 + standing[kept])) + 1
    values = (1 + np.log(counts[used])) * rare[columns]
    lengths = np.sqrt(np.bincount(rows, values**2, minlength=texts))
    return csr_array((values / np.maximum(lengths, 1e-9)[rows], (rows, columns)), shape=(texts, len(kept)))


def _words(words: Words) -> Iterator[Features]:
    folded = _folded(words)
    row = np.repeat(np.arange(len(words.lengths)), words.lengths)
    yield folded, row
    within = row[:-1] == row[1:]
    yield _pair(folded[:-1], folded[1:])[within], row[:-1][within]


def _beginnings(words: Words) -> Iterator[Features]:
    folded, starts = _folded(words), np.cumsum(words.lengths) - words.lengths
    hashes = np.zeros(len(words.lengths), np.uint32)
    for count in range(FIRST_WORDS):
        rows = np.flatnonzero(words.lengths > count)
        hashes[rows] = _pair(hashes[rows], folded[starts[rows] + count])
        yield hashes[rows], rows


def _characters(texts: Sequence[str]) -> Iterator[Features]:
    padded = [f" {text} " for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), np.uint32)
    row = np.repeat(np.arange(len(texts)), [len(text) for text in padded])
    for size in GRAMS:
        count = max(0, len(codes) - size + 1)
        hashes = np.full(count, size, np.uint32)
        for offset in range(size):
            hashes = _pair(hashes, codes[offset : offset + count])
        inside = row[:count] == row[size - 1 : size - 1 + count]
        yield hashes[inside], row[:count][inside]


def _folded(words: Words) -> Hashes:
    return (words.hashes >> np.uint64(32)).astype(np.uint32)


def _pair(one: Hashes, other: Hashes) -> Hashes:
    mixed = (one ^ other) * np.uint32(0x9E3779B1)
    mixed ^= mixed >> np.uint32(15)
    return mixed * np.uint32(0x85EBCA77)


def _joined(block: Iterator[Features]) -> Features:
    hashes, rows = zip(*block, strict=True)
    return np.concatenate(hashes), np.concatenate(rows)
