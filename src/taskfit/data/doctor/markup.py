"""Marks of prompts and templates that stand inside what people say: a model learns to write them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole
from taskfit.data.finding import RowFinding, Tally, excerpt

PROMPT_MARKS = re.compile(
    r"^(?:#{2,3} ?(?:Instruction|Response|Input|Human|Assistant|User)\s*[:：]?\s*$"
    r"|\s*(?:Human|Assistant|USER|ASSISTANT)\s*[:：]\s)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Markup(RowCheck):
    """Marks of prompts at the start of a line, and words that the model's tokenizer reads as special tokens."""

    title: ClassVar[Text] = Text("marks of prompts and templates inside texts", "文本中的提示词与模板标记")

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:
        """Yield the rows with marks; an answer that begins with a role is one, a dialogue in a task is none."""
        special = re.compile("|".join(map(re.escape, sorted(means.special, key=len, reverse=True))))
        for row, text in enumerate(chunk.texts):
            if means.special and (seen := special.search(text)):
                yield "special_ids", row, excerpt(text, seen.start())
        for row, answer in enumerate(chunk.answers):
            seen = PROMPT_MARKS.search(answer) if ":" in answer or "#" in answer or "：" in answer else None
            if seen and not PROMPT_MARKS.search(chunk.prompts[row]):
                yield "prompt_marks", row, excerpt(answer, seen.start())

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:
        """Yield what was found."""
        marks = Text(
            "'### Instruction:', '### Response', 'Human:' or 'Assistant:' at the start of a line of the answer and not "
            "in what is asked; any warns",
            "回答的行首出现 '### Instruction:'、'### Response'、'Human:' 或 'Assistant:'，而提问中没有；有即警告",
        )
        yield from Telling(
            Text("answers with marks of a prompt", "回答中带有提示词标记"), marks, fix={"strip_markup": {}}
        ).of(part, "prompt_marks")
        names = ", ".join(sorted(whole.means.special)[:6])
        ids = Text(
            f"a text holds a special token of the model's tokenizer ({names}); any blocks",
            f"文本含有模型分词器的特殊词元（{names}）；有即阻止训练",
        )
        yield from Telling(
            Text("texts that the model reads as special tokens", "会被模型读作特殊词元的文本"),
            ids,
            block=0.0,
            fix={"strip_markup": {}},
        ).of(part, "special_ids")
