"""Collapse: whether the answers of a rung fell into a few, held against the gold answers and the unadapted base's.

distinct-n: Li et al. 2016, arXiv:1510.03055. Knows no model.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from taskfit.core.measurement import Collapse, ScoredPrediction, Variety

LONGEST_GRAM = 3
GRAM = 2  # characters of the pieces by which two answers are compared
FEWER = 0.5  # below this share of the gold answers' variety, and of the base's, answers have collapsed
ALIKER = 0.2  # or when two answers are by so much more alike than those of both
ROWS = {True: 256, False: 64}  # rows that are compared: labels, which cost little, and written answers

# Chinese and Japanese characters are words of their own; elsewhere a word is a run of letters and digits.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


def variety(answers: Sequence[str]) -> Variety:
    """Return how much answers differ; without answers everything is 0."""
    if not answers:
        return Variety(0, 0, (0.0,) * LONGEST_GRAM, 0.0, 0.0, 0.0)
    counts = Counter(answers)
    words = [_WORD.findall(answer.casefold()) for answer in answers]
    return Variety(
        len(answers),
        len(counts),
        tuple(_distinct(words, n) for n in range(1, LONGEST_GRAM + 1)),
        self_similarity(answers),
        counts.most_common(1)[0][1] / len(answers),
        entropy(list(counts.values())),
    )


def entropy(counts: Sequence[int]) -> float:
    """Return the entropy in nats of a distribution given by counts: -sum p ln p."""
    total = sum(counts)
    return 0.0 - sum(count / total * math.log(count / total) for count in counts if count)


def self_similarity(answers: Sequence[str]) -> float:
    """Return the mean cosine over all pairs of answers, each as counts of its pairs of characters; 0 for fewer than two.

    With unit vectors u the sum over pairs is (|sum u|^2 - n) / 2, so n answers cost n, not n^2. Pairs of characters
    need no borders of words and so are right for Chinese; an answer of one character is its own piece.
    """
    if len(answers) < 2:
        return 0.0
    pieces = [_pieces(answer) for answer in answers]
    total: dict[str, float] = {}
    empty = sum(not one for one in pieces)
    for one in pieces:
        length = math.sqrt(sum(count * count for count in one.values()))
        for piece, count in one.items():
            total[piece] = total.get(piece, 0.0) + count / length
    full = len(answers) - empty
    # Answers without any character are alike among themselves and like no other.
    same = sum(value * value for value in total.values()) - full + empty * (empty - 1)
    return float(np.clip(same / (len(answers) * (len(answers) - 1)), 0.0, 1.0))


def collapse_of(
    rows: Sequence[ScoredPrediction], base: Sequence[str | None] | None = None, *, closed: bool = True
) -> Collapse | None:
    """Return what became of the answers of the first rows (of the first seed); None when no answer could be read.

    `base` holds the unadapted base's answers to the same rows, in order, where they are known. Answers have collapsed
    when their variety (exp of the entropy: so many answers of equal share) is below half of the gold answers' and below
    half of the base's, or when they are much more alike than both; labels: fewer than half of gold and fewer than base.
    """
    first = min((row.seed for row in rows), default=0)
    shown = [row for row in rows if row.seed == first][: ROWS[closed]]
    said = [row.answer for row in shown if row.answer is not None]
    if not said:
        return None
    gold = variety([row.gold for row in shown])
    own = None if base is None else variety([one for one in base[: len(shown)] if one is not None])
    found = Collapse(variety(said), gold, own if own is not None and own.answers else None, collapsed=False)
    return replace(found, collapsed=_collapsed(found, closed=closed))


def _collapsed(found: Collapse, *, closed: bool) -> bool:
    kinds, gold = math.exp(found.adapted.entropy), math.exp(found.gold.entropy)
    base = None if found.base is None else math.exp(found.base.entropy)
    # A base that is asked for labels often knows few of them: there it is enough to be below it.
    floor = math.inf if base is None else base if closed else FEWER * base
    fewer = kinds < FEWER * gold and kinds < floor
    alike = [found.gold.alike, *([found.base.alike] if found.base else [])]
    return fewer or (not closed and found.adapted.alike > max(alike) + ALIKER)


def _distinct(words: Sequence[Sequence[str]], n: int) -> float:
    """Different n-grams over all n-grams of all answers; 0 when there are none."""
    grams = [tuple(one[place : place + n]) for one in words for place in range(len(one) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def _pieces(answer: str) -> Counter[str]:
    text = answer.strip().casefold()
    if len(text) < GRAM:
        return Counter([text] if text else [])
    return Counter(text[place : place + GRAM] for place in range(len(text) - GRAM + 1))
