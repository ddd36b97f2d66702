"""F1 of the words that answer and gold text share; Chinese and Japanese are counted by characters."""

import unicodedata
from collections import Counter
from collections.abc import Sequence

from taskfit.core.text import Text

about = Text("overlap of words (characters in Chinese) with the gold text, as F1", "与标准答案重合的字（词）的 F1")
graded = True
corpus = False


def value(gold: str, answer: str | None) -> float:
    """Return the F1 of the two multisets of words, from 0.0 to 1.0; two empty texts are equal."""
    if answer is None:
        return 0.0
    wanted, given = Counter(_units(gold)), Counter(_units(answer))
    if not wanted and not given:
        return 1.0
    return 2 * (wanted & given).total() / (wanted.total() + given.total())


def compute(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Return the mean F1; 0.0 without rows."""
    del labels
    return sum(map(value, gold, answers)) / max(len(gold), 1)


def _units(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(_spaced(text, place) for place in range(len(text))).split()
    # A text without any letter or digit, such as an emoji, is compared by what it has.
    return words or [char for char in text if not char.isspace()]


def _spaced(text: str, place: int) -> str:
    char = text[place]
    if _is_cjk(char):
        return f" {char} "
    # Marks belong to words: Devanagari vowels are marks.
    if unicodedata.category(char)[0] in "LMN":
        return char
    inside_number = char in ".," and text[place - 1 : place].isdigit() and text[place + 1 : place + 2].isdigit()
    return char if inside_number else " "


def _is_cjk(char: str) -> bool:
    code = ord(char)
    return (
        0x3040 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF
    )
