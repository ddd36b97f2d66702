"""Answers in another language than the question, where nobody asked for one."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally
from taskfit.data.scripts import answer_scripts, prompt_scripts

ASKED_FOR = re.compile(
    r"translat|\b(?:in|to|into|from) (?:\w+ )?(?:English|Chinese|Mandarin|Japanese|Korean|French|German|Spanish|Russian|Arabic|Hindi)"
    r"|\b(?:English|Chinese|Mandarin|Japanese|Korean|Russian) (?:word|phrase|sentence|translation|version|name|poem|character)"
    r"|翻译|译成|英译|中译|[英中法德日韩俄西]文|[英汉法德日韩俄]语|西班牙语|中文|拼音|单词|字母|缩写|代码|编程|程序|函数|脚本|算法|查询|正则|公式"
    r"|Python|Java|SQL|HTML|CSS|C\+\+|JSON|XML|Excel|Linux|Shell|正则|网址|URL|邮箱|命名|用户名|密码|品牌|名字",
    re.IGNORECASE,
)
CODE = re.compile(r"```|^\s*(?:def |class |import |#include|public |SELECT |select |<\w+)|[{};]\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Languages(RowCheck):
    """Chinese questions with answers in Latin letters and the reverse; told apart by their script."""

    title: ClassVar[Text] = Text("answers in another language than the question", "回答与提问语言不同")
    warn: float = threshold(0.02, "share of such rows above which it warns", "超过此比例时警告")
    clear: float = threshold(
        0.6, "share of Chinese characters among letters from which a text is Chinese", "汉字占比达到此值视为中文"
    )
    foreign: float = threshold(
        0.02, "share of Chinese characters up to which a text is none", "汉字占比不超过此值视为非中文"
    )
    letters: int = threshold(20, "letters from which an answer is judged", "至少多少字母才判断回答")

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of rows with an answer."""
        return {"rows": sum(bool(answer) for answer in chunk.answers)}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the rows whose two sides have clearly different scripts."""
        asked, said = chunk.shared(prompt_scripts), chunk.shared(answer_scripts)
        enough = (asked.letters >= 4) & (said.letters >= self.letters)
        to_latin = (asked.share_han >= self.clear) & (said.share_han <= self.foreign)
        to_chinese = (asked.share_han <= self.foreign) & (said.share_han >= self.clear)
        for row in np.flatnonzero(enough & (to_latin | to_chinese)).tolist():
            prompt, answer = chunk.prompts[row], chunk.answers[row]
            if chunk.records[row].label is None and not ASKED_FOR.search(prompt) and not CODE.search(answer):
                yield "language_mismatch", row, f"{prompt[:50]} → {answer[:50]}"

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found."""
        rule = Text(
            f"one side has at least {percent(self.clear)} Chinese characters among its letters, the other at most "
            f"{percent(self.foreign)} (answers from {self.letters} letters), and the question names no language, translation or "
            f"code; above {percent(self.warn)} it warns",
            f"一侧汉字占字母不低于 {percent(self.clear)}，另一侧不高于 {percent(self.foreign)}（回答至少 {self.letters} 个字母），"
            f"且提问未提及语言、翻译或代码；超过 {percent(self.warn)} 时警告",
        )
        fix = part.drop("language_mismatch")
        yield from Telling(self.title, rule, self.warn, fix=fix, effort=REVIEW).of(part, "language_mismatch")
