"""Answers that only repeat what was asked."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally
from taskfit.data.rouge import rouge_l

# Tasks in which a good answer is nearly its input.
EDITS = re.compile(
    r"\b(?:edit|correct|fix|proofread|rewrite|re-?write|revise|punctuat|capitali[sz]|convert|replace|change|format|grammar|spell|remove|"
    r"delete|reword|fill|blank|divide|organi[sz]|connect|join|combine|merge|split|separate|substitute|suggest|construct|"
    r"formulate|summar|shorten|insert|add|complete|extract|highlight|underline|mark|identify|find|repeat|copy|translate|paraphrase|rephrase|improve|sort|"
    r"arrange|order|alphabeti[sz]|classif|label|tag|make sure|ensure|check|select|choose|pick|which|transform|modify|update)"
    r"|修改|改写|纠正|更正|改正|校对|润色|语法|错别字|标点|格式|转换|替换|翻译|重写|删除|插入|添加|提取|填空|填写|分成|合并|拆分|标注|识别|找出|排序|排列|重复|复制|续写|补全|完成|选择|哪",
    re.IGNORECASE,
)
LONG = 40


@dataclass(frozen=True)
class Echoes(RowCheck):
    """Answer equal to the question or its input, beginning with the whole question, or nearly equal to it."""

    title: ClassVar[Text] = Text("answers that repeat what was asked", "照抄提问的回答")
    alike: float = threshold(0.9, "ROUGE-L from which an answer is a copy of what is asked", "ROUGE-L 达到此值视为照抄")

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of rows with an answer."""
        return {"rows": sum(bool(answer) for answer in chunk.answers)}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the answers that are copies."""
        for row, (prompt, answer) in enumerate(zip(chunk.prompts, chunk.answers, strict=True)):
            if prompt and answer and chunk.records[row].label is None and self._copies(prompt.strip(), answer.strip()):
                yield "echoes", row, f"{prompt} → {answer}"

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found."""
        rule = Text(
            f"the answer is what was asked, begins with all of it (more than {LONG} characters), or ROUGE-L of the two is at "
            f"least {self.alike:g}, and the task is not to edit, correct, extract or translate; any warns",
            f"回答等于提问、以完整提问开头（超过 {LONG} 个字符），或两者 ROUGE-L 不低于 {self.alike:g}，且任务不是修改、纠错、提取、翻译；"
            "有即警告",
        )
        yield from Telling(self.title, rule, fix={"drop_copies": {}}, effort=REVIEW).of(part, "echoes")

    def _copies(self, prompt: str, answer: str) -> bool:
        if answer == prompt:
            return True
        first, _, given = prompt.partition("\n")
        if len(prompt) > LONG and answer.startswith(prompt):
            return EDITS.search(first[:200]) is None
        if len(given) <= LONG or not 0.8 < len(answer) / len(given) < 1.25:
            return False
        return EDITS.search(first[:200]) is None and alike(given, answer) >= self.alike


def alike(one: str, other: str) -> float:
    """Return ROUGE-L of two texts of like length; 0 at once when their letters cannot be alike enough."""
    common = len(set(one.split()) & set(other.split()))
    if not one.isascii() or common * 2 >= len(set(one.split())):
        return rouge_l(one, other)
    return 0.0
