"""Keep the rows that cover the set best: greedy k-center over what is asked."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.grams import gram_sets
from taskfit.data.normal import normals
from taskfit.data.record import Record
from taskfit.data.step import Applied, Step, without

WIDTH = 512

Vectors = NDArray[np.float32]


class KeepDiverse(Step):
    """Keep so many rows that every other row is near one of them.

    Greedy k-center (Gonzalez 1985; Sener and Savarese 2018 for learning): begin with the row nearest to the mean,
    then take again and again the row farthest (by cosine) from all taken so far; the largest distance left over is at
    most twice the best possible one. Vectors come from an encoder where one is given, else they are hashed
    character 5-grams.
    """

    about: ClassVar[Text] = Text("keep the rows that cover the set best (k-center)", "保留最能覆盖整体的行（k-center）")
    rows: int = setting(..., "how many rows stay", "保留行数", ge=1)

    def apply(self, records: Sequence[Record], means: Means) -> Applied:
        """Return the chosen rows, in their order."""
        if len(records) <= self.rows:
            return Applied(tuple(records))
        texts = [record.prompt for record in records]
        vectors = unit(np.asarray(means.embed(texts), np.float32)) if means.embed else hashed_vectors(texts)
        chosen = set(k_center(vectors, self.rows))
        reason = Text("near a row that stays", "与保留的行相近")
        return without(records, {row: reason for row in range(len(records)) if row not in chosen})


def k_center(vectors: Vectors, count: int) -> list[int]:
    """Return the numbers of `count` rows of the unit vectors [rows, width], in the order in which they were taken."""
    first = int(np.argmax(vectors @ vectors.mean(axis=0)))
    chosen = [first]
    nearest = vectors @ vectors[first]
    nearest[first] = np.inf
    while len(chosen) < count:
        row = int(np.argmin(nearest))
        chosen.append(row)
        np.maximum(nearest, vectors @ vectors[row], out=nearest)
        nearest[row] = np.inf
    return chosen


def hashed_vectors(texts: Sequence[str]) -> Vectors:
    """Return unit vectors [texts, 512]: each character 5-gram adds +1 or -1 at a place given by its hash.

    The signs make the expected product of two vectors the number of grams they share (Weinberger et al. 2009).
    """
    grams = gram_sets(list(normals(list(texts))))
    rows = np.repeat(np.arange(len(texts)), grams.sizes)
    places = (grams.hashes % np.uint32(WIDTH)).astype(np.int64)
    signs = np.where(grams.hashes & np.uint32(1 << 31), 1.0, -1.0)
    vectors = np.bincount(rows * WIDTH + places, weights=signs, minlength=len(texts) * WIDTH)
    return unit(vectors.reshape(len(texts), WIDTH).astype(np.float32))


def unit(vectors: Vectors) -> Vectors:
    """Return the vectors with length one; those without a length stay zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Vectors = vectors / np.maximum(lengths, 1e-12)
    return found
