"""Answers that end in the middle of a sentence."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally

GOES_ON = re.compile(
    r"[,，、;；(（\[【{「『“–—]\s*\Z|[a-z]-\s*\Z|\b(?:and|or|the|a|an|of|to|with|for|in|by|is|are|that|which)\s*\Z|[和与或的及]\s*\Z"
)
ENDED = re.compile(r"""[.!?。！？…~～"'”’」』)）\]】}>|*`:：;；\d%℃]\s*\Z|[\u2600-\u27bf\U0001f000-\U0010ffff]\s*\Z""")
TAG_OR_ADDRESS = re.compile(r"(?:[#@]|://|www\.)\S*\s*\Z")
LONG_LINE = 80
CODE = re.compile(r"```|^\s*(?:def |class |import |#include|SELECT |<\w+)|[{};]\s*$", re.MULTILINE)


@dataclass(frozen=True)
class CutOff(RowCheck):
    """Ends with a comma, an opened bracket or a word that needs another; or a long last line without a mark at its end."""

    title: ClassVar[Text] = Text("answers that are cut off", "被截断的回答")
    warn: float = threshold(0.01, "share of cut answers above which it warns", "超过此比例时警告")
    long: int = threshold(200, "characters from which a last line without a mark counts", "至少多少字符才检查末行标点")

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of rows with an answer of some length."""
        return {"rows": sum(bool(answer) for answer in chunk.answers)}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the answers that end in the middle of a sentence."""
        for row, answer in enumerate(chunk.answers):
            if len(answer) > 30 and self._is_cut(answer):
                yield "cut_off", row, f"…{answer[-90:]}"

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found."""
        rule = Text(
            "an answer of more than 30 characters ends with a comma, an opened bracket, or a word such as 'the', 'and', 的, 和; "
            f"or one of more than {self.long} characters ends in a line of more than {LONG_LINE} without a mark at its end "
            f"(code aside); above {percent(self.warn)} it warns",
            "超过 30 个字符的回答以逗号、左括号或“的”“和”、the、and 等结尾；"
            f"或超过 {self.long} 个字符的回答末行超过 {LONG_LINE} 个字符且无结束标点（代码除外）；超过 {percent(self.warn)} 时警告",
        )
        yield from Telling(self.title, rule, self.warn, fix=part.drop("cut_off"), effort=REVIEW).of(part, "cut_off")

    def _is_cut(self, answer: str) -> bool:
        end = answer[-60:]
        if ENDED.search(end) or TAG_OR_ADDRESS.search(end):
            return False
        if GOES_ON.search(end):
            return CODE.search(answer) is None
        last = answer[answer.rstrip().rfind("\n") + 1 :]
        return len(answer) > self.long and len(last) > LONG_LINE and " " in last and CODE.search(answer) is None
