"""Words that stand for nothing: <noinput>, N/A, None, 无."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole
from taskfit.data.finding import REVIEW, RowFinding, Tally

NOTHING = r"<\s*no\s*input\s*>|<\s*input\s*>|no\s?input|n/a|none|null|nil|无|无输入|没有输入|空"
GIVEN = re.compile(rf"\n\s*(?:#{{0,3}}\s*(?:input|输入)\s*[:：]\s*)?(?:{NOTHING})[.。]?\s*\Z", re.IGNORECASE)
WHOLE = re.compile(rf"\s*(?:{NOTHING})[.。]?\s*\Z", re.IGNORECASE)
OPEN = re.compile(
    r"\{\{\s*\w+\s*\}\}|\[(?:your|insert|name of)\b[^\]\n]{0,40}\]|<(?:NAME|AUTHOR|YOUR[ _]\w+)>", re.IGNORECASE
)


@dataclass(frozen=True)
class Placeholders(RowCheck):
    """An input that says there is none, an answer that says nothing, a blank of a template that nobody filled."""

    title: ClassVar[Text] = Text("placeholders", "占位符")

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the rows with placeholders."""
        for row, record in enumerate(chunk.records):
            prompt, answer = chunk.prompts[row], chunk.answers[row]
            given = record.parts.get("input", "")
            if record.kind != "labelled" and (GIVEN.search(prompt[-40:]) or (given and WHOLE.match(given))):
                yield "placeholders", row, prompt[-80:]
            if answer and record.label is None and WHOLE.match(answer[:20]) and len(answer) <= 20:
                yield "placeholder_answers", row, f"{prompt[-60:]} → {answer}"
            if ("{{" in answer or "[" in answer or "<" in answer) and (seen := OPEN.search(answer)):
                yield "unfilled_blanks", row, answer[max(0, seen.start() - 40) :]

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found."""
        given = Text(
            "the input (or the last line of the question) is only <noinput>, N/A, none, null, 无 or the like; any warns",
            "输入（或提问的最后一行）只是 <noinput>、N/A、none、null、无 等；有即警告",
        )
        yield from Telling(
            Text("inputs that say there is none", "表示没有内容的输入"), given, fix={"fill_placeholders": {}}
        ).of(part, "placeholders")
        answers = Text("the whole answer is a placeholder", "整个回答是占位符")
        yield from Telling(
            Text("answers that say nothing", "没有内容的回答"),
            answers,
            float("inf"),
            fix=part.drop("placeholder_answers"),
            effort=REVIEW,
        ).of(part, "placeholder_answers")
        blanks = Text(
            "{{name}}, [your ...], [insert ...] or <NAME> in an answer; any warns where the rows are no templates",
            "回答中出现 {{name}}、[your ...]、[insert ...] 或 <NAME>；如非模板则应填写",
        )
        yield from Telling(
            Text("blanks that nobody filled", "未填写的空位"),
            blanks,
            0.01,
            fix={"fill_placeholders": {}},
            effort=REVIEW,
        ).of(part, "unfilled_blanks")
