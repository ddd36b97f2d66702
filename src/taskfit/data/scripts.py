"""How many characters of each script a text has, for many texts at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from taskfit.data.checking import Chunk

Counts = NDArray[np.int64]

MARK, SPACE, DIGIT, LATIN, HAN, KANA, HANGUL, CYRILLIC, LETTER, WIDE_MARK = range(10)
RANGES = (
    (0x00AA, 0x024F, LATIN),
    (0x0250, 0x036F, LETTER),
    (0x0370, 0x03FF, LETTER),
    (0x0400, 0x052F, CYRILLIC),
    (0x0530, 0x10FF, LETTER),
    (0x1100, 0x11FF, HANGUL),
    (0x1200, 0x1FFF, LETTER),
    (0x2E80, 0x2FDF, HAN),
    (0x3001, 0x303F, WIDE_MARK),
    (0x3040, 0x30FF, KANA),
    (0x3400, 0x4DBF, HAN),
    (0x4E00, 0x9FFF, HAN),
    (0xA000, 0xA4CF, LETTER),
    (0xAC00, 0xD7AF, HANGUL),
    (0xF900, 0xFAFF, HAN),
    (0xFB50, 0xFDFF, LETTER),
    (0xFE70, 0xFEFE, LETTER),
    (0xFF01, 0xFF5E, WIDE_MARK),
)
SINGLE = (
    (0x00D7, MARK),
    (0x00F7, MARK),
    (0x00AB, MARK),
    (0x00BB, MARK),
    (0x3000, SPACE),
    (0x00A0, SPACE),
    (0x3005, HAN),
)


@dataclass(frozen=True)
class Scripts:
    """Counts of characters by script, one row a text: `counts[row, HAN]`; `sizes` are the lengths of the texts."""

    counts: Counts
    sizes: Counts

    @property
    def letters(self) -> Counts:
        """How many letters of any script each text has."""
        total: Counts = self.counts[:, LATIN : LETTER + 1].sum(axis=1)
        return total

    @property
    def share_han(self) -> NDArray[np.float64]:
        """The share of Chinese characters among the letters of each text; 0 where there are none."""
        return self.counts[:, HAN] / np.maximum(1, self.letters)


def scripts_of(texts: Sequence[str]) -> Scripts:
    """Return the counts of characters by script of each text."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = _table()[np.minimum(codes, 0xFFFF)]
    # Beyond the basic plane: rare Chinese characters, else emoji and other marks.
    kinds = np.where((codes >= 0x20000) & (codes < 0x32000), HAN, kinds)
    rows = np.repeat(np.arange(len(texts)) * 10, sizes)
    counts = np.bincount(rows + kinds, minlength=10 * len(texts))
    return Scripts(counts.reshape(len(texts), 10), sizes)


def prompt_scripts(chunk: Chunk) -> Scripts:
    """Return the scripts of what is asked; use with `chunk.shared`."""
    return scripts_of(chunk.prompts)


def answer_scripts(chunk: Chunk) -> Scripts:
    """Return the scripts of the answers; use with `chunk.shared`."""
    return scripts_of(chunk.answers)


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint8]:
    table = np.full(0x10000, MARK, np.uint8)
    for first, last, kind in RANGES:
        table[first : last + 1] = kind
    for code, kind in SINGLE:
        table[code] = kind
    for digits in (range(0x30, 0x3A), range(0xFF10, 0xFF1A)):
        table[digits.start : digits.stop] = DIGIT
    for letters in (range(0x41, 0x5B), range(0x61, 0x7B), range(0xFF21, 0xFF3B), range(0xFF41, 0xFF5B)):
        table[letters.start : letters.stop] = LATIN
    table[[0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0x85]] = SPACE
    table[0x2000:0x200B] = SPACE
    return table
