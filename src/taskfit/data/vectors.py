"""Vectors of texts without a model: hashed character 5-grams, rare ones weighing more; or those of an encoder."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from taskfit.data.checking import Means
from taskfit.data.grams import gram_sets, telling
from taskfit.data.normal import normals

WIDTH = 512
MOST_GRAMS = 128

Vectors = NDArray[np.float32]


def vectors_of(texts: Sequence[str], means: Means) -> Vectors:
    """Return unit vectors [texts, width]: of the encoder where one is given, else hashed; without grams they are zero."""
    if not texts:
        return np.zeros((0, WIDTH), np.float32)
    return unit(np.asarray(means.embed(texts), np.float32)) if means.embed is not None else hashed_vectors(texts)


def hashed_vectors(texts: Sequence[str]) -> Vectors:
    """Return unit vectors [texts, 512] of hashed character 5-grams, each weighed by how few of the texts have it.

    A gram adds +w or -w at a place given by its hash (Weinberger et al. 2009), w = log(texts / texts with it).
    """
    grams = telling(gram_sets(list(normals(list(texts))), most=MOST_GRAMS))
    # How many texts have a gram is counted at 2^20 places: exact enough for a weight, and no sort is needed.
    places = (grams.hashes >> np.uint32(12)).astype(np.int64)
    seen = np.bincount(places, minlength=1 << 20)
    weights = np.log((1 + len(texts)) / np.maximum(1, seen))[places]
    signed = np.where(grams.hashes & np.uint32(1 << 11), weights, -weights)
    rows = np.repeat(np.arange(len(texts)), grams.sizes)
    columns = (grams.hashes % np.uint32(WIDTH)).astype(np.int64)
    found = np.bincount(rows * WIDTH + columns, weights=signed, minlength=len(texts) * WIDTH)
    return unit(found.reshape(len(texts), WIDTH).astype(np.float32))


def unit(vectors: Vectors) -> Vectors:
    """Return the vectors with length one; those without a length stay zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Vectors = vectors / np.maximum(lengths, 1e-12)
    return found


def k_means(vectors: Vectors, count: int, *, seed: int = 0, rounds: int = 30, batch: int = 1024) -> NDArray[np.int64]:
    """Return the cluster of each unit vector: mini-batch k-means by cosine (Sculley 2010; Dhillon and Modha 2001)."""
    dice = np.random.default_rng(seed)
    centres = vectors[dice.choice(len(vectors), count, replace=False)].copy()
    met = np.zeros(count)
    for _ in range(rounds):
        some = vectors[dice.integers(0, len(vectors), min(batch, len(vectors)))]
        nearest = (some @ centres.T).argmax(axis=1)
        sums = np.eye(count, dtype=np.float32)[nearest].T @ some
        met += np.bincount(nearest, minlength=count)
        # Each centre moves towards the mean of its new rows by their share of all it has met.
        centres += sums / np.maximum(met, 1)[:, None].astype(np.float32)
        centres = unit(centres)
    found: NDArray[np.int64] = (vectors @ centres.T).argmax(axis=1)
    return found


def vendi(vectors: Vectors) -> float:
    """Return how many different rows unit vectors are worth: exp of the entropy of the similarity kernel.

    Friedman and Dieng 2023 (arXiv 2210.02410), eq. 3, with the cosine as kernel. The eigenvalues of K / n [n, n] are
    those of V'V / n [width, width], whichever is smaller is taken.
    """
    count, width = vectors.shape
    if not count:
        return 0.0
    kernel = vectors.T @ vectors if width < count else vectors @ vectors.T
    values = np.linalg.eigvalsh(kernel.astype(np.float64) / count)
    kept = values[values > 1e-12]
    kept = kept / kept.sum()
    return float(np.exp(-(kept * np.log(kept)).sum()))
