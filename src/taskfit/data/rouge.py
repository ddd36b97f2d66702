"""ROUGE-L between short texts, and a pool that tells at once whether it holds something too similar.

Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries"; as the filter of Self-Instruct (Wang et al. 2022,
arXiv:2212.10560): a new instruction is kept when its F1 with no earlier one is above 0.7.
"""

import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

SIMILAR = 0.7
UNKNOWN = 0  # the code of words that the pool does not hold

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
    return _f1(LCSseq.similarity(first, second), len(first), len(second))


@dataclass(frozen=True)
class Similar:
    """The text of a pool that is most similar: its place (0-based, in the order of adding) and the F1."""

    place: int
    score: float


class RougePool:
    """Texts to which new ones are compared; only those that can be similar enough are looked at.

    A text shares so many words with a similar one that it must share two of its rarest: the rest are never compared.
    """

    def __init__(self, texts: Iterable[str] = (), *, similar: float = SIMILAR):
        """Begin with `texts`; `similar` is the F1 above which two texts are too similar."""
        self._similar = similar
        self._codes: dict[str, int] = {}
        self._places: list[list[int]] = [[]]  # by code: where the word occurs
        self._written: list[str | list[int]] = []  # the texts, one character for each word
        self._lengths: list[int] = []
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
        self._lengths.append(len(codes))
        return place

    def nearest(self, text: str) -> Similar | None:
        """Return the most similar text (of equals the first), or None when none is above the threshold."""
        words = rouge_tokens(text)
        asked = _written([self._codes.get(word, UNKNOWN) for word in words])
        best, score = -1, self._similar
        for place in self._candidates(words):
            found = _f1(LCSseq.similarity(asked, self._written[place]), len(words), self._lengths[place])
            if found > score:
                best, score = place, found
        return Similar(best, score) if best >= 0 else None

    def _candidates(self, words: Sequence[str]) -> list[int]:
        """Return the places, in order, of all texts that can be similar enough to `words`.

        F1 = 2 c / (m + n) > s needs c > s (m + n) / 2 common words, so n between m s / (2 - s) and m (2 - s) / s,
        and c > m s / (2 - s) for every such n. At most m - c of the words are not common, so of any m - c + 2 words two are.
        """
        length, share = len(words), _SLACK * self._similar / (2 - self._similar)
        least = int(length * share)  # more common words than this are needed
        rarest = sorted([self._found(word) for word in words], key=len)[: length - least + 1]
        once: set[int] = set()
        found = once if least == 0 else set[int]()
        for places in rarest:
            if found is not once:
                found.update(once.intersection(places))
            once.update(places)
        low, high, lengths = length * share, length / share if share else math.inf, self._lengths
        return sorted([place for place in found if low <= lengths[place] <= high])

    def _found(self, word: str) -> list[int]:
        return self._places[self._codes.get(word, UNKNOWN)]


_SLACK = 1 - 1e-9  # rounding must never lose a pair; what is let in is computed exactly


def _written(codes: list[int]) -> str | list[int]:
    """Return codes as characters, which are compared fastest; rapidfuzz takes a number for the character of this code."""
    return "".join(map(chr, codes)) if max(codes, default=0) <= sys.maxunicode else codes


def _f1(common: int, length: int, other: int) -> float:
    """Return F1 by the very operations of rouge_score, whose rounding decides at the threshold."""
    if not common:
        return 0.0
    precision, recall = common / length, common / other
    return 2 * precision * recall / (precision + recall)
