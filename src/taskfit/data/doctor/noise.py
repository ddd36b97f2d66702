"""Texts of marks and digits rather than letters, and runs without any space."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally, excerpt
from taskfit.data.scripts import DIGIT, SPACE, Scripts, answer_scripts, prompt_scripts


@dataclass(frozen=True)
class Noise(RowCheck):
    """The share of letters and digits, and unbroken runs."""

    title: ClassVar[Text] = Text("texts of marks rather than letters", "以符号为主的文本")
    letters: float = threshold(
        0.25, "share of letters and digits below which a text is noise", "字母数字占比低于此值视为噪声"
    )
    long: int = threshold(30, "characters from which a text is judged", "至少多少字符才判断")
    unbroken: int = threshold(
        1000, "characters of a run without space above which it is told", "无空格连续字符超过此值时提示"
    )

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield texts with few letters on either side, and texts with endless words."""
        sides = ((chunk.prompts, chunk.shared(prompt_scripts)), (chunk.answers, chunk.shared(answer_scripts)))
        found: dict[int, str] = {}
        run = re.compile(rf"[!-~]{{{self.unbroken + 1},}}")
        for texts, scripts in sides:
            for row in np.flatnonzero(self._is_noise(scripts)).tolist():
                found.setdefault(row, texts[row])
            for row in np.flatnonzero(scripts.sizes > self.unbroken).tolist():
                seen = run.search(texts[row])
                if seen:
                    yield "unbroken_text", row, excerpt(texts[row], seen.start())
        for row, text in sorted(found.items()):
            yield "noise", row, text

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found."""
        rule = Text(
            f"fewer than {percent(self.letters)} letters and digits among the characters that are no space, in a text of at least "
            f"{self.long}; any warns",
            f"至少 {self.long} 个字符的文本中，非空白字符里字母数字占比低于 {percent(self.letters)}；有即警告",
        )
        yield from Telling(self.title, rule, fix=part.drop("noise"), effort=REVIEW).of(part, "noise")
        run = Text(
            f"a run of more than {self.unbroken:,} characters without a space; any warns",
            f"连续 {self.unbroken:,} 个以上字符没有空格；有即警告",
        )
        yield from Telling(
            Text("endless words (base64, minified code)", "过长的连续字符（base64、压缩代码）"),
            run,
            fix=part.drop("unbroken_text"),
            effort=REVIEW,
        ).of(part, "unbroken_text")

    def _is_noise(self, scripts: Scripts) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        inked = scripts.sizes - scripts.counts[:, SPACE]
        said = scripts.letters + scripts.counts[:, DIGIT]
        flags: np.ndarray[tuple[int], np.dtype[np.bool_]] = (inked >= self.long) & (said < self.letters * inked)
        return flags
