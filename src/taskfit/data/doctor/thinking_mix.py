"""Rows with and without a thought before the answer: a model learns to do either at random."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, talks_of, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally


@dataclass(frozen=True)
class ThinkingMix(RowCheck):
    """The share of rows with thoughts."""

    title: ClassVar[Text] = Text("thoughts in some rows only", "仅部分行含思考")
    fewest: float = threshold(0.02, "share of rows with thoughts below which they are few", "低于此比例视为极少")
    most: float = threshold(0.98, "share of rows with thoughts above which all have them", "高于此比例视为全部")

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of rows with an answer."""
        return {"rows": sum(bool(answer) for answer in chunk.answers)}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the rows with a thought."""
        for row, record in enumerate(chunk.records):
            said = [message for talk in talks_of(record) for message in talk if message.role == "assistant"]
            if any(message.thinking or "<think>" in message.content for message in said):
                yield "thinking_mix", row

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield a finding when neither nearly all nor nearly none have thoughts."""
        share = part["thinking_mix"] / max(1, part["rows"])
        if self.fewest < share < self.most:
            rule = Text(
                f"thoughts (<think>) in {percent(self.fewest)} to {percent(self.most)} of the rows",
                f"{percent(self.fewest)} 到 {percent(self.most)} 的行含有思考（<think>）",
            )
            more = Text("choose: --thinking learn, read or drop", "请选择：--thinking learn、read 或 drop")
            yield from Telling(
                Text("rows with a thought before the answer", "回答前有思考的行"), rule, effort=REVIEW, more=more
            ).of(part, "thinking_mix")
