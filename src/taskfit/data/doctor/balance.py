"""Answers with something opened and never closed: code fences, thoughts, JSON where nearly all answers are JSON."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally

FENCE = "```"


@dataclass(frozen=True)
class Balance(RowCheck):
    """Marks that come in pairs, and JSON."""

    title: ClassVar[Text] = Text("marks that are opened and not closed", "未闭合的标记")
    mostly_json: float = threshold(
        0.8,
        "share of answers that begin as JSON above which broken JSON is told",
        "JSON 回答超过此比例时检查 JSON 是否完整",
    )

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the rows with something left open; `json` counts the answers that begin as JSON."""
        for row, answer in enumerate(chunk.answers):
            if FENCE in answer and answer.count(FENCE) % 2:
                yield "unclosed_fence", row, answer[-100:]
            if "<think>" in answer and answer.count("<think>") != answer.count("</think>"):
                yield "unclosed_thought", row, answer
            if answer.lstrip()[:1] in ("{", "["):
                yield "json", row
                if not _is_json(answer):
                    yield "broken_json", row, answer

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found; broken JSON only where JSON is the rule."""
        fence = Text("an odd number of ``` in an answer; any warns", "回答中 ``` 的数量为奇数；有即警告")
        yield from Telling(
            Text("code that is not closed", "代码块未闭合"), fence, fix=part.drop("unclosed_fence"), effort=REVIEW
        ).of(part, "unclosed_fence")
        thought = Text("<think> without </think>, or the reverse; any warns", "<think> 与 </think> 不成对；有即警告")
        yield from Telling(
            Text("thoughts that are not closed", "思考未闭合"),
            thought,
            fix=part.drop("unclosed_thought"),
            effort=REVIEW,
        ).of(part, "unclosed_thought")
        if part["json"] >= self.mostly_json * max(1, part["rows"]):
            rule = Text(
                f"at least {percent(self.mostly_json)} of the answers begin as JSON, and this one does not parse",
                f"至少 {percent(self.mostly_json)} 的回答是 JSON，而该行无法解析",
            )
            yield from Telling(
                Text("answers that are broken JSON", "不完整的 JSON 回答"),
                rule,
                fix=part.drop("broken_json"),
                effort=REVIEW,
            ).of(part, "broken_json")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
