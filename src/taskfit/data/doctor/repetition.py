"""Answers that say the same again and again, as a model does that has lost its way."""

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, threshold
from taskfit.data.finding import STEP, RowFinding, Tally

# A word, a Chinese or Japanese character, or a mark by itself.
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
GRAM = 4
LETTERS_PER_WORD = 12


@dataclass(frozen=True)
class Repetition(RowCheck):
    """Repeated 4-grams, lines that return, and texts that compress too well."""

    title: ClassVar[Text] = Text("answers that repeat themselves", "自我重复的回答")
    grams: float = threshold(
        0.3, "share of repeated 4-grams above which an answer repeats itself", "重复 4-gram 占比上限"
    )
    words: int = threshold(8, "words from which 4-grams are counted", "至少多少词才统计 4-gram")
    ratio: float = threshold(5.0, "zlib ratio above which a text repeats itself", "zlib 压缩比上限")
    long: int = threshold(200, "characters from which the zlib ratio counts", "至少多少字符才计算压缩比")
    short: int = threshold(
        50, "words below which half of the 4-grams may be repeated", "少于此词数时允许一半 4-gram 重复"
    )
    warn: float = threshold(0.005, "share of answers above which it warns", "超过此比例时警告")

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of rows with an answer."""
        return {"rows": sum(bool(answer) for answer in chunk.answers)}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the answers that repeat themselves."""
        for row, answer in enumerate(chunk.answers):
            if len(answer) > self.words and self._repeats(answer):
                yield "repetition", row, answer

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found."""
        rule = Text(
            f"more than {percent(self.grams)} of the 4-grams (words; characters of Chinese) are repeated in at least "
            f"{self.words} words (below {self.short} words: half of them), or zlib shrinks more than {self.ratio:g} times from {self.long} bytes; above "
            f"{percent(self.warn)} of the answers it warns",
            f"至少 {self.words} 个词（少于 {self.short} 个词时为一半）中超过 {percent(self.grams)} 的 4-gram（英文按词、中文按字）重复，或 {self.long} 字节以上的文本"
            f"压缩比超过 {self.ratio:g}；超过 {percent(self.warn)} 的回答时警告",
        )
        fix = {"drop_repetition": {"grams": self.grams, "ratio": self.ratio}}
        yield from Telling(self.title, rule, self.warn, fix=fix, effort=STEP).of(part, "repetition")

    def _repeats(self, text: str) -> bool:
        words = text.split() if text.isascii() else WORD.findall(text)
        count = len(words) - GRAM + 1
        again = count - len(set(zip(words, words[1:], words[2:], words[3:], strict=False))) if count > 0 else 0
        if (
            len(words) >= self.words
            and again > (self.grams if len(words) >= self.short else max(0.5, self.grams)) * count
        ):
            return True
        # What compresses so well repeats its words, or has none.
        if len(text) <= self.long or (again < 0.1 * count and len(text) < LETTERS_PER_WORD * len(words)):
            return False
        content = text.encode("utf-8", "surrogatepass")
        return len(content) > self.ratio * len(zlib.compress(content, 1))
