"""Chinese written in mixed ways: traditional beside simplified characters, half beside full width marks."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, threshold
from taskfit.data.finding import RowFinding, Tally
from taskfit.data.scripts import HAN, answer_scripts, prompt_scripts

# Frequent characters that exist in one of the two scripts only.
SIMPLIFIED = "们这个国说时会对过来还没进开门问间现发动学书话语认识让请谢长见觉车东员经给体几从关题业样点无电脑网页数据应该实当听写读买卖头马鸟鱼饭钱银铁钟"
TRADITIONAL = "們這個國說時會對過來還沒進開門問間現發動學書話語認識讓請謝長見覺車東員經給體幾從關題業樣點無電腦網頁數據應該實當聽寫讀買賣頭馬鳥魚飯錢銀鐵鐘"
ONLY_SIMPLIFIED = re.compile(f"[{''.join(set(SIMPLIFIED) - set(TRADITIONAL))}]")
ONLY_TRADITIONAL = re.compile(f"[{''.join(set(TRADITIONAL) - set(SIMPLIFIED))}]")
HALF_MARK = re.compile(r"[\u4e00-\u9fff][,?!;](?:\s|[\u4e00-\u9fff]|$)")
FULL_MARK = re.compile(r"[\u4e00-\u9fff][，？！；。]")
WIDE_LETTER = re.compile(r"[０-９Ａ-Ｚａ-ｚ]")


@dataclass(frozen=True)
class ChineseForms(RowCheck):
    """Forms that rows of one set should share; only told where Chinese is a part of the set."""

    title: ClassVar[Text] = Text("mixed forms of Chinese", "中文书写形式不一")
    least: int = threshold(20, "Chinese rows from which forms are compared", "至少多少行中文才比较")
    mixed: float = threshold(
        0.001, "share of the rarer form from which the set is mixed", "较少形式占比达到此值视为混用"
    )

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of rows with Chinese."""
        return {"rows": len(_chinese(chunk))}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the forms of each Chinese row; a row in both scripts counts for each."""
        for row in _chinese(chunk):
            text = chunk.texts[row]
            if ONLY_SIMPLIFIED.search(text):
                yield "simplified", row
            if seen := ONLY_TRADITIONAL.search(text):
                yield "traditional", row, text[max(0, seen.start() - 30) :]
            if seen := HALF_MARK.search(text):
                yield "half_marks", row, text[max(0, seen.start() - 30) :]
            if FULL_MARK.search(text):
                yield "full_marks", row
            if seen := WIDE_LETTER.search(text):
                yield "wide_letters", row, text[max(0, seen.start() - 30) :]

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield the rarer form where both are used."""
        if part["rows"] < self.least:
            return
        yield from self._rarer(
            part,
            (
                "traditional",
                Text("traditional among simplified characters", "简体中夹有繁体"),
                {"script": "simplified"},
            ),
            (
                "simplified",
                Text("simplified among traditional characters", "繁体中夹有简体"),
                {"script": "traditional"},
            ),
        )
        yield from self._rarer(
            part,
            ("half_marks", Text("half-width marks after Chinese", "汉字后使用半角标点"), {"width": "full"}),
            ("full_marks", Text("full-width marks after Chinese", "汉字后使用全角标点"), {"width": "half"}),
        )
        rule = Text("full-width letters or digits in a Chinese row", "中文行中出现全角字母或数字")
        yield from Telling(
            Text("full-width letters and digits", "全角字母与数字"),
            rule,
            float("inf"),
            fix={"normalise": {"letters": "half"}},
        ).of(part, "wide_letters")

    def _rarer(self, part: Tally, *forms: tuple[str, Text, Mapping[str, object]]) -> Iterator[RowFinding]:
        name, what, settings = min(forms, key=lambda one: part[one[0]])
        if part[name] < self.mixed * part["rows"]:
            return
        rule = Text(
            f"both forms are used; the rarer one in at least {percent(self.mixed)} of the rows with Chinese",
            f"两种形式并存；较少的一种占中文行不低于 {percent(self.mixed)}",
        )
        yield from Telling(what, rule, float("inf"), fix={"normalise": settings}).of(part, name)


def _chinese(chunk: Chunk) -> list[int]:
    han = chunk.shared(prompt_scripts).counts[:, HAN] + chunk.shared(answer_scripts).counts[:, HAN]
    found: list[int] = np.flatnonzero(han >= 2).tolist()
    return found
