"""Answers in which the model that wrote them speaks of itself, refuses, or misses an input that was never given."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, threshold
from taskfit.data.finding import REVIEW, STEP, RowFinding, Tally, excerpt

ABOUT_ITSELF = re.compile(
    r"\bas an? (?:AI|artificial intelligence|language model|large language model|virtual assistant|chatbot)\b"
    r"|\bI(?:'m| am) (?:just |only )?an? (?:AI|artificial intelligence|language model|large language model)\b"
    r"|\bmy (?:training data|knowledge cut-?off|programming)\b"
    r"|作为(?:一[个名款种]?)?(?:人工智能|AI|语言模型|大语言模型|大型语言模型|虚拟助手)"
    r"|我(?:只)?是(?:一[个名款种])?(?:由.{1,12}(?:训练|开发)的)?(?:人工智能|AI|语言模型|大语言模型)",
    re.IGNORECASE,
)
REFUSES = re.compile(
    r"\A\s*(?:I(?:'m| am) sorry,? (?:but )?(?:I )?(?:can(?:no|')t|am (?:not able|unable)|do not|don't)"
    r"|(?:Sorry|Unfortunately|I apologi[sz]e)\b.{0,40}\b(?:I can(?:no|')t|I am (?:not able|unable)|I'm (?:not able|unable))"
    r"|I (?:can(?:no|')t|am unable to|am not able to|won't) (?:provide|assist|help|answer|complete|fulfil|generate|do|create|give)"
    r"|(?:很?抱歉|对不起|不好意思).{0,20}(?:无法|不能|没有办法|没法)"
    r"|我(?:无法|不能)(?:提供|回答|协助|帮助|完成|生成|满足))",
    re.IGNORECASE | re.DOTALL,
)
NOT_GIVEN = re.compile(
    r"\bno (?:input|article|text|passage|context|sentence|paragraph|image|data|list|document|information) (?:was |is |has been )?"
    r"(?:provided|given|supplied|included|attached)\b"
    r"|\b(?:you (?:did not|didn't|have not|haven't) (?:provided?|given?|included?|specified|specify))\b"
    r"|\bplease (?:provide|share|specify|give me|supply) (?:me with )?(?:the|an?|some|more|your)\b.{0,60}"
    r"\b(?:input|article|text|passage|context|sentence|paragraph|details|information|data|list|document|question)s?\b"
    r"|(?:您|你)(?:没有|并?未|尚未)(?:提供|给出|说明|指定|输入)|没有提供(?:任何|具体|足够|相关)?.{0,6}(?:文本|文章|内容|信息|句子|输入)"
    r"|请(?:您)?(?:提供|给出|输入)(?:更多|具体|需要|相关|要|您|你|完整).{0,20}(?:文本|文章|内容|信息|句子|细节|上下文|问题)",
    re.IGNORECASE,
)

# A text without any of these matches nothing above; looking for plain words is ten times faster.
SELF_HINTS: tuple[str, ...] = (
    " ai",
    "language model",
    "artificial",
    "virtual assistant",
    "chatbot",
    "my training",
    "my knowledge",
    "my programming",
)
SELF_HINTS += (
    "作为",
    "我是",
    "我只是",
    "sorry",
    "unfortunately",
    "i apolog",
    "i can",
    "i am ",
    "i won't",
    "抱歉",
    "对不起",
    "不好意思",
    "我无法",
    "我不能",
)
MISSING_HINTS: tuple[str, ...] = (
    "provide",
    "given",
    "supplied",
    "included",
    "attached",
    "specif",
    "include",
    "give",
    "please s",
    "提供",
    "给出",
    "说明",
    "指定",
    "输入",
)


@dataclass(frozen=True)
class Refusals(RowCheck):
    """Self-talk of a model, refusals at the start, and answers that ask for an input."""

    title: ClassVar[Text] = Text("refusals and answers of a model about itself", "拒答与模型自述")
    refused: float = threshold(0.02, "share of refusals above which it warns", "拒答超过此比例时警告")
    near_start: int = threshold(
        200, "characters from the start in which the model speaks of itself", "自述需出现在开头多少字符内"
    )

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of rows with an answer."""
        return {"rows": sum(bool(answer) for answer in chunk.answers)}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield refusals, and answers to an input that is not there."""
        for row, answer in enumerate(chunk.answers):
            start = answer[: self.near_start]
            low = start.lower()
            if any(map(low.__contains__, SELF_HINTS)) and (ABOUT_ITSELF.search(start) or REFUSES.match(start)):
                yield "refusals", row, answer
            missing = NOT_GIVEN.search(start) if any(map(low.__contains__, MISSING_HINTS)) else None
            if missing and len(chunk.prompts[row]) < 500:
                yield (
                    "missing_input",
                    row,
                    f"{excerpt(chunk.prompts[row], most=40)} → {excerpt(answer, missing.start(), 60)}",
                )

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found."""
        rule = Text(
            f"in the first {self.near_start} characters 'as an AI', 'I am a language model' or a refusal ('I cannot provide "
            f"...'), also in Chinese; above {percent(self.refused)} it warns. Keep those that are meant for safety",
            f"前 {self.near_start} 个字符内出现“作为AI”“我是语言模型”或拒答（“抱歉，我无法……”），中英文皆检；超过 {percent(self.refused)} "
            "时警告。用于安全的拒答请保留",
        )
        yield from Telling(
            Text("refusals and self-talk", "拒答与模型自述"),
            rule,
            self.refused,
            fix={"drop_refusals": {}},
            effort=REVIEW,
        ).of(part, "refusals")
        missing = Text(
            f"in the first {self.near_start} characters the answer says that a text was not provided, or asks for it, and the "
            "question has fewer than 500 characters; any warns",
            f"前 {self.near_start} 个字符内称未提供文本或要求提供，且提问少于 500 字符；有即警告",
        )
        yield from Telling(
            Text("answers to an input that is missing", "回答指出缺少输入"),
            missing,
            fix=part.drop("missing_input"),
            effort=STEP,
        ).of(part, "missing_input")
