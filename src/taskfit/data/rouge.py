"""ROUGE-L between short texts, and a pool that tells at once whether it holds something too similar.

Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries"; as the filter of Self-Instruct (Wang et al. 2022,
arXiv:2212.10560): a new instruction is kept when its F1 with no earlier one is above 0.7.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cdist

SIMILAR = 0.7
UNKNOWN = 0  # the code of words that the pool does not hold

Numbers = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]

# Scripts without spaces are cut into characters. Words of other scripts than Latin stay whole; letters with accents are
# no part of a word, as in the package rouge_score, so that English gives its numbers exactly.
_CHARACTERS = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_LATIN = "\u0000-\u02ff\u1e00-\u1eff\u2000-\u2bff\u2c60-\u2c7f\u3000-\u3004\u3008-\u303f\ua720-\ua7ff\uab30-\uab6f\ufb00-\ufb06\uff00-\uffef"
_TOKEN = re.compile(rf"[a-z0-9]+|[{_CHARACTERS}]|(?:(?![{_LATIN}{_CHARACTERS}])\w)+")
_ASCII_TOKEN = re.compile(r"[a-z0-9]+")
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}


def rouge_tokens(text: str) -> list[str]:
    """Return what is compared: words in small letters, and the characters of Chinese.

    >>> rouge_tokens("Sort: GPT-4 的输出!")
    ['sort', 'gpt', '4', '的', '输', '出']
    """
    if text.isascii():
        return _ASCII_TOKEN.findall(text.lower())
    return _TOKEN.findall(text.translate(_NARROW).lower())


def rouge_l(one: str, other: str) -> float:
    """Return the F1 of the longest common subsequence of two texts, from 0 to 1; 0 when one has no word."""
    first, second = rouge_tokens(one), rouge_tokens(other)
    if not first or not second:
        return 0.0
    common = np.array([LCSseq.similarity(first, second)])
    return float(_f1(common, len(first), np.array([len(second)]))[0])


@dataclass(frozen=True)
class Similar:
    """The text of a pool that is most similar: its place (0-based, in the order of adding) and the F1."""

    place: int
    score: float


class RougePool:
    """Texts to which new ones are compared; only those that can be similar enough are looked at.

    A text shares so many words with a similar one that it must share one of its rarest: the rest are never compared.
    """

    def __init__(self, texts: Iterable[str] = (), *, similar: float = SIMILAR):
        """Begin with `texts`; `similar` is the F1 above which two texts are too similar."""
        self._similar = similar
        self._codes: dict[str, int] = {}
        self._places: list[list[int]] = [[]]  # by code: where the word occurs
        self._written: list[str | list[int]] = []  # the texts, one character for each word
        self._lengths = np.zeros(1024, dtype=np.int64)
        for text in texts:
            self.add(text)

    def __len__(self) -> int:
        return len(self._written)

    def add(self, text: str) -> int:
        """Add a text and return its place."""
        place = len(self._written)
        codes = [self._codes.setdefault(word, len(self._codes) + 1) for word in rouge_tokens(text)]
        self._places += [[] for _ in range(len(self._codes) + 1 - len(self._places))]
        for code in set(codes):
            self._places[code].append(place)
        self._written.append(_written(codes))
        if place == len(self._lengths):
            self._lengths = np.concatenate([self._lengths, np.zeros_like(self._lengths)])
        self._lengths[place] = len(codes)
        return place

    def nearest(self, text: str) -> Similar | None:
        """Return the most similar text (of equals the first), or None when none is above the threshold."""
        words = rouge_tokens(text)
        places = self._candidates(words)
        if not places.size:
            return None
        asked = _written([self._codes.get(word, UNKNOWN) for word in words])
        texts = [self._written[place] for place in places.tolist()]
        common = cdist([asked], texts, scorer=LCSseq.similarity, dtype=np.int32)
        scores = _f1(common[0], len(words), self._lengths[places])
        best = int(scores.argmax())
        return Similar(int(places[best]), float(scores[best])) if scores[best] > self._similar else None

    def _candidates(self, words: Sequence[str]) -> Numbers:
        """Return the places, in order, of all texts that can be similar enough to `words`.

        F1 = 2 c / (m + n) > s needs c > s (m + n) / 2 common words, so n between m s / (2 - s) and m (2 - s) / s,
        and c > m s / (2 - s) for every such n. Without one of the rarest m - c + 1 words that is not to be reached.
        """
        length, share = len(words), self._similar / (2 - self._similar)
        least = int(length * share * _SLACK)  # a common word more than this is needed
        rarest = sorted((self._found(word) for word in words), key=len)[: length - least]
        found: set[int] = set().union(*rarest)
        places = np.fromiter(found, dtype=np.int64, count=len(found))
        places.sort()
        lengths = self._lengths[places]
        fits = (lengths >= share * length * _SLACK) & (lengths * share * _SLACK <= length)
        return places[fits]

    def _found(self, word: str) -> list[int]:
        return self._places[self._codes.get(word, UNKNOWN)]


_SLACK = 1 - 1e-9  # rounding must never lose a pair; what is let in is computed exactly


def _written(codes: list[int]) -> str | list[int]:
    """Return codes as characters, which are compared fastest; rapidfuzz takes a number for the character of this code."""
    return "".join(map(chr, codes)) if max(codes, default=0) <= sys.maxunicode else codes


def _f1(common: Numbers, length: int, lengths: Numbers) -> Floats:
    """Return F1 by the very operations of rouge_score, whose rounding decides at the threshold."""
    precision, recall = common / length, common / np.maximum(lengths, 1)
    total = precision + recall
    return np.where(total > 0, 2 * precision * recall / np.where(total > 0, total, 1.0), 0.0)
