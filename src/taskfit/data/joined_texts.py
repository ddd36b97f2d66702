"""All words of the rows of a chunk as one text: a pattern goes over thousands of rows in one call."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from taskfit.data.checking import Chunk

BETWEEN = "\x1e"
"""Stands between rows: no letter, no digit, no space, so that nothing is found across two rows."""


@dataclass(frozen=True)
class JoinedTexts:
    """The texts of rows, one after the other, and where each begins."""

    text: str
    starts: tuple[int, ...]

    def row(self, at: int) -> int:
        """Return the number of the row in which the character `at` stands."""
        return bisect_right(self.starts, at) - 1


def joined_texts(chunk: Chunk) -> JoinedTexts:
    """Return the texts of a chunk in one; use with `chunk.shared`."""
    starts = accumulate((len(text) + 1 for text in chunk.texts[:-1]), initial=0)
    return JoinedTexts(BETWEEN.join(chunk.texts), tuple(starts))
