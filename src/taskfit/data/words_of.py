"""Words become a text again, and places in words places in it: Chinese and Japanese have no spaces between them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from taskfit.core.target import Span

_CJK = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_IS_CJK = re.compile(f"[{_CJK}]")


@dataclass(frozen=True)
class Joined:
    """A text and where each word stands in it."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def characters(self, span: Span) -> Span:
        """Return an entity of words as one of characters."""
        return Span(self.starts[span.start], self.ends[span.end - 1], span.label)


def join(words: Sequence[str]) -> Joined:
    """Return the words as a text: a space between two, but none beside Chinese, nor in rows cut into characters."""
    cut = all(len(word) == 1 for word in words) and any(map(_IS_CJK.match, words))
    text, starts, ends = "", [], []
    for word in words:
        beside = cut or not text or _IS_CJK.match(text[-1]) or _IS_CJK.match(word)
        text += "" if beside else " "
        starts.append(len(text))
        text += word
        ends.append(len(text))
    return Joined(text, tuple(starts), tuple(ends))
