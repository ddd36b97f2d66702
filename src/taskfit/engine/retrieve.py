"""Find the examples most like a question: BM25 over words and Chinese bigrams, dense vectors, or both fused."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

How = Literal["bm25", "dense", "rrf"]
RRF_K = 60
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af]+")


def terms(text: str) -> list[str]:
    """Return the search terms of a text: lower-case words, and for CJK runs their character bigrams.

    >>> terms("Good 奶茶超好")
    ['good', '奶茶', '茶超', '超好']
    """
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).lower()):
        position = 0
        for run in _CJK.finditer(word):
            if run.start() > position:
                found.append(word[position : run.start()])
            characters = run.group()
            found += [characters] if len(characters) == 1 else [a + b for a, b in pairwise(characters)]
            position = run.end()
        if position < len(word):
            found.append(word[position:])
    return found


@dataclass(frozen=True)
class Bm25:
    """BM25 (Robertson) over a fixed set of texts."""

    index: Any
    size: int

    def scores(self, text: str) -> NDArray[np.float32]:
        """Return the score of every text of the set, [size]."""
        asked = [term for term in terms(text) if term in self.index.vocab_dict]
        if not asked:
            return np.zeros(self.size, np.float32)
        found: NDArray[np.float32] = self.index.get_scores(asked)
        return found


def bm25_index(texts: Sequence[str]) -> Bm25:
    """Return a BM25 index over the texts."""
    import bm25s

    index = bm25s.BM25()
    index.index([terms(text) or ["\0"] for text in texts], show_progress=False)
    return Bm25(index, len(texts))


def unit(vectors: NDArray[np.float32], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vectors [N, W] centred on `mean` and scaled to length 1, so that products are cosines."""
    centred = vectors - mean
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    out: NDArray[np.float32] = centred / np.maximum(lengths, 1e-12)
    return out


def best(scores: NDArray[np.float32], count: int) -> list[int]:
    """Return the places of the `count` highest scores, highest first; equal scores in order of place."""
    order: list[int] = np.argsort(-scores, kind="stable")[:count].tolist()
    return order


def fuse(rankings: Sequence[Sequence[int]], count: int) -> list[int]:
    """Return the best `count` places by reciprocal rank fusion: sum of 1 / (60 + rank) (Cormack et al. 2009)."""
    totals: dict[int, float] = {}
    for ranking in rankings:
        for rank, place in enumerate(ranking, 1):
            totals[place] = totals.get(place, 0.0) + 1.0 / (RRF_K + rank)
    return sorted(totals, key=lambda place: (-totals[place], place))[:count]
