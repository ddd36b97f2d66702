"""How long what is asked and what is answered is: tokens where a tokenizer is given, else an estimate by script."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from taskfit.data.checking import Chunk, Means
from taskfit.data.finding import SHOWN, Spot, spot
from taskfit.data.scripts import HAN, KANA, LATIN, SPACE, Scripts, answer_scripts, prompt_scripts

Sizes = NDArray[np.int32]
Side = Literal["prompt", "answer"]
LETTERS_PER_TOKEN, CHINESE_PER_TOKEN = 4.2, 1.5


@dataclass(frozen=True)
class Longest:
    """The longest and the shortest texts seen: sizes with their places."""

    high: tuple[tuple[int, Spot], ...] = ()
    low: tuple[tuple[int, Spot], ...] = ()

    def __add__(self, after: "Longest") -> "Longest":
        high = sorted((*self.high, *after.high), key=lambda one: -one[0])[:SHOWN]
        low = sorted((*self.low, *after.low), key=lambda one: one[0])[:SHOWN]
        return Longest(tuple(high), tuple(low))


@dataclass(frozen=True)
class TextSizes:
    """The sizes of texts in order, and the extreme ones."""

    sizes: Sizes = field(default_factory=lambda: np.zeros(0, np.int32))
    longest: Longest = field(default_factory=Longest)

    def __add__(self, after: "TextSizes") -> "TextSizes":
        return TextSizes(np.concatenate((self.sizes, after.sizes)), self.longest + after.longest)


def estimated(scripts: Scripts) -> Sizes:
    """Return about how many tokens each text has: 4.2 Latin characters or 1.5 Chinese ones are a token, else one."""
    counts = scripts.counts
    latin, chinese = counts[:, LATIN], counts[:, HAN] + counts[:, KANA]
    other = scripts.sizes - latin - chinese - counts[:, SPACE]
    guess: Sizes = np.ceil(latin / LETTERS_PER_TOKEN + chinese / CHINESE_PER_TOKEN + other).astype(np.int32)
    return guess


def sizes_of(chunk: Chunk, means: Means, side: Side) -> Sizes:
    """Return the size of what is asked, or of the answer, of each row."""
    texts = chunk.prompts if side == "prompt" else chunk.answers
    if means.tokens is not None:
        return np.fromiter(means.tokens(texts), np.int32, len(texts))
    return estimated(chunk.shared(prompt_scripts if side == "prompt" else answer_scripts))


def with_places(chunk: Chunk, sizes: Sizes, side: Side) -> TextSizes:
    """Return the sizes with the places of the extreme ones; empty texts are left out."""
    rows = np.flatnonzero(sizes > 0)
    order = rows[np.argsort(sizes[rows], kind="stable")]
    texts = chunk.prompts if side == "prompt" else chunk.answers

    def some(picked: Sequence[int]) -> tuple[tuple[int, Spot], ...]:
        return tuple((int(sizes[row]), spot(chunk.records[row], texts[row])) for row in picked)

    high = rows[np.argsort(-sizes[rows], kind="stable")][:SHOWN].tolist()
    return TextSizes(sizes[rows], Longest(some(high), some(order[:SHOWN].tolist())))
