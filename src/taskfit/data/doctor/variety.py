"""How varied the words are: distinct n-grams and entropy of what is asked, and how much a compressor saves."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, threshold
from taskfit.data.finding import COLLECT, RowFinding
from taskfit.data.rouge import rouge_tokens
from taskfit.data.row_sample import AskedSample, asked_sample
from taskfit.data.scripts import scripts_of

WINDOW, WINDOWS = 10_000, 20
"""Shares of distinct n-grams fall with length, so they are taken over stretches of equal length."""


@dataclass(frozen=True)
class Words:
    """What words of one language look like: how many were read, shares of distinct 1-, 2-, 3-grams, bits a word."""

    count: int
    distinct: tuple[float, float, float]
    bits: float


@dataclass(frozen=True)
class Variety(Check[AskedSample]):
    """Distinct words and compressibility."""

    title: ClassVar[Text] = Text("how varied the words are", "用词的多样性")
    rows: int = threshold(500, "rows from which it is told", "至少多少行才提示")
    ratio: float = threshold(
        4.0, "size of all texts over their size when compressed (zlib), above which it warns", "zlib 压缩比超过此值时警告"
    )  # fmt: skip
    bytes: int = threshold(100_000, "bytes of text from which compression is judged", "至少多少字节才判断压缩比")

    def map(self, chunk: Chunk, means: Means) -> AskedSample:  # noqa: ARG002
        """Return the sample."""
        return chunk.shared(asked_sample)

    def merge(self, one: AskedSample, other: AskedSample) -> AskedSample:
        """Return the sample of both."""
        return one + other

    def finish(self, part: AskedSample, whole: Whole) -> Iterator[RowFinding]:
        """Yield the words of each language, and the ratio of compression."""
        if len(part.rows) < self.rows:
            return
        yield from self._words(part, whole)
        packed = b"\n".join(f"{row.asked}\n{row.answered}".encode("utf-8", "replace") for row in part.shuffled)
        packed = packed[:4_000_000]
        ratio = len(packed) / len(zlib.compress(packed, 6))
        if ratio > self.ratio and len(packed) >= self.bytes:
            what = Text(
                f"the texts shrink to 1/{ratio:.1f} when compressed: the same wording comes again and again",
                f"文本压缩后为原来的 1/{ratio:.1f}：相同措辞反复出现",
            )
            rule = Text(
                f"size over compressed size (zlib) of shuffled questions and answers; above {self.ratio} it warns, "
                "52,000 Alpaca rows have 2.7",
                f"打乱后的问题与答案的压缩比（zlib）；超过 {self.ratio} 时警告，5.2 万行 Alpaca 为 2.7",
            )
            yield RowFinding("compressible", "warn", what, whole.rows, rule=rule, effort=COLLECT)

    def _words(self, part: AskedSample, whole: Whole) -> Iterator[RowFinding]:
        texts = [row.asked for row in part.shuffled]
        han = scripts_of(texts).share_han
        for name, chosen in (("words_en", han < 0.3), ("words_zh", han >= 0.3)):
            told = words_of([text for text, keep in zip(texts, chosen.tolist(), strict=True) if keep])
            if told is None:
                continue
            one, two, three = told.distinct
            what = Text(
                f"{'Chinese characters' if name == 'words_zh' else 'words'} of the questions: distinct 1-, 2-, 3-grams "
                f"{one:.2f}, {two:.2f}, {three:.2f}; {told.bits:.1f} bits each",
                f"问题的{'汉字' if name == 'words_zh' else '单词'}：不同 1、2、3-gram 占比 {one:.2f}、{two:.2f}、{three:.2f}；"
                f"每个 {told.bits:.1f} 比特",
            )
            rule = Text(
                f"share of n-grams that are new, over stretches of {WINDOW:,} words in random order, and the entropy of "
                "single words; compare it between versions",
                f"随机顺序下每 {WINDOW:,} 个词中不同 n-gram 的占比，以及单词的熵；用于比较版本",
            )
            yield RowFinding(name, "info", what, whole.rows, rule=rule, effort=COLLECT)


def words_of(texts: Sequence[str]) -> Words | None:
    """Return what the words of texts look like; None when they are fewer than one stretch."""
    words: list[str] = []
    for text in texts:
        words += rouge_tokens(text)
        if len(words) >= WINDOW * WINDOWS:
            break
    stretches = len(words) // WINDOW
    if not stretches:
        return None
    places = {word: place for place, word in enumerate(dict.fromkeys(words))}
    ids = np.fromiter(map(places.__getitem__, words), np.int64, len(words))[: stretches * WINDOW].reshape(-1, WINDOW)
    size = len(places)
    distinct = []
    for length in (1, 2, 3):
        count = WINDOW - length + 1
        grams = np.zeros((stretches, count), np.int64)
        for offset in range(length):
            grams = grams * size + ids[:, offset : offset + count]
        distinct.append(float(np.mean([len(np.unique(one)) / count for one in grams])))
    bits = float(np.mean([_bits(np.unique(one, return_counts=True)[1]) for one in ids]))
    return Words(len(words), (distinct[0], distinct[1], distinct[2]), bits)


def _bits(counts: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> float:
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
