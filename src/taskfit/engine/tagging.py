"""Words of a text, the token that speaks for each, and tags of words as classes. Letters: U words, C classes.

A word is a run of letters and digits, one Chinese or Japanese character, or one other sign. An encoder's first token
of a word speaks for it; a causal model's last, as it has read the word only then. Words that share that token are one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskfit.core.target import Span, spans_of
from taskfit.model.local import LocalModel

_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+|[^\w\s]")
OUTSIDE = 0


@dataclass(frozen=True)
class WordRow:
    """A text as tokens: where each word stands in the text, and the token that speaks for it."""

    ids: list[int]
    words: tuple[tuple[int, int], ...]
    places: tuple[int, ...]


def word_rows(model: LocalModel, texts: Sequence[str]) -> list[WordRow]:
    """Return the texts as tokens with what the tokenizer puts around a text, and their words."""
    coded = model.tokenizer(
        list(texts),
        add_special_tokens=True,
        return_offsets_mapping=True,
        return_attention_mask=False,
        verbose=False,
    )
    first = not model.body.causal
    return [
        WordRow(ids, *_words(text, offsets, first=first))
        for text, ids, offsets in zip(texts, coded["input_ids"], coded["offset_mapping"], strict=True)
    ]


def _words(
    text: str, offsets: Sequence[tuple[int, int]], *, first: bool
) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    speaker = _speakers(len(text), offsets, first=first)
    words: list[tuple[int, int]] = []
    places: list[int] = []
    for found in _WORD.finditer(text):
        start, end = found.span()
        place = speaker[start if first else end - 1]
        if words and (place < 0 or place == places[-1]):
            words[-1] = (words[-1][0], end)  # a word without a token of its own belongs to the one before
        elif place >= 0:
            words.append((start, end))
            places.append(place)
    return tuple(words), tuple(places)


def _speakers(length: int, offsets: Sequence[tuple[int, int]], *, first: bool) -> NDArray[np.int64]:
    """Return the first (or last) token over each character, -1 where there is none."""
    speaker = np.full(length, -1, dtype=np.int64)
    places = range(len(offsets))
    for place in reversed(places) if first else places:
        start, end = offsets[place]
        speaker[start:end] = place
    return speaker


@dataclass(frozen=True)
class TagClasses:
    """The classes of words: 0 is outside, then for each label its beginning and its inside (BIO)."""

    labels: tuple[str, ...]

    @property
    def count(self) -> int:
        """The number of classes."""
        return 1 + 2 * len(self.labels)

    @property
    def follows(self) -> NDArray[np.bool_]:
        """Whether class j may follow class i, [C, C]: an inside only its own beginning or inside."""
        allowed = np.ones((self.count, self.count), dtype=bool)
        allowed[:, 2::2] = False
        for place in range(2, self.count, 2):
            allowed[[place - 1, place], place] = True
        return allowed

    def of(self, row: WordRow, target: str) -> list[int]:
        """Return the class of each word; a word that an entity only touches belongs to it, the earlier entity first."""
        classes = [OUTSIDE] * len(row.words)
        for span in spans_of(target) or ():
            inside = [n for n, (start, end) in enumerate(row.words) if start < span.end and end > span.start]
            free = [n for n in inside if classes[n] == OUTSIDE]
            if free and free == inside:
                begin = 1 + 2 * self.labels.index(span.label)
                classes[free[0] : free[-1] + 1] = [begin] + [begin + 1] * (len(free) - 1)
        return classes

    def spans(self, row: WordRow, classes: Sequence[int]) -> list[Span]:
        """Return the entities that a valid row of classes stands for, in characters."""
        found: list[Span] = []
        for (start, end), number in zip(row.words, classes, strict=True):
            if number == OUTSIDE:
                continue
            label = self.labels[(number - 1) // 2]
            if number % 2:
                found.append(Span(start, end, label))
            else:
                found[-1] = Span(found[-1].start, end, label)
        return found

    def best(self, scores: NDArray[np.float64]) -> list[int]:
        """Return the valid row of classes with the highest sum of scores [U, C] (Viterbi 1967)."""
        if not len(scores):
            return []
        barred = np.where(self.follows, 0.0, -np.inf)  # [from, to]
        total = scores[0].copy()
        total[2::2] = -np.inf
        back = np.zeros(scores.shape, dtype=np.int64)
        for word in range(1, len(scores)):
            ways = total[:, None] + barred
            back[word] = ways.argmax(0)
            total = ways.max(0) + scores[word]
        path = [int(total.argmax())]
        for word in range(len(scores) - 1, 0, -1):
            path.append(int(back[word, path[-1]]))
        return path[::-1]


def unlearnable(rows: Sequence[WordRow], targets: Sequence[str], classes: TagClasses) -> int:
    """Return how many entities cannot be said word by word: they begin or end inside a word, or overlap another."""
    lost = 0
    for row, target in zip(rows, targets, strict=True):
        lost += len(set(spans_of(target) or ()) - set(classes.spans(row, classes.of(row, target))))
    return lost
