"""Conversations whose earlier turns already show the last question: an example that gives the answer away."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Whole, percent, threshold
from taskfit.data.finding import RowFinding, Severity, Tally
from taskfit.data.grams import gram_sets
from taskfit.data.near import SIMILAR, jaccard
from taskfit.data.normal import normals


@dataclass(frozen=True)
class ShownAnswers(RowCheck):
    """The last question among the examples before it."""

    title: ClassVar[Text] = Text("questions that an earlier turn shows", "前面轮次已出现的问题")
    similar: float = threshold(
        SIMILAR,
        "Jaccard similarity of character 5-grams from which two questions are one",
        "视为同一问题的 Jaccard 相似度下限",
    )
    warn: float = threshold(0.0, "share of such rows above which they warn", "此类行超过此比例时警告")

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the rows whose last question, or nearly so, was asked and answered before."""
        asked = [
            (row, message.content)
            for row, record in enumerate(chunk.records)
            if len(record.messages) > 2
            for message in record.messages
            if message.role == "user"
        ]
        forms = list(normals([words for _, words in asked]))
        last = {row: place for place, (row, _) in enumerate(asked)}
        pairs = np.array([(place, last[row]) for place, (row, _) in enumerate(asked) if place != last[row]], np.int64)
        if not len(pairs):
            return
        before, after = pairs.T
        alike = jaccard(gram_sets(forms), before, after) >= self.similar
        equal = np.array([bool(forms[one]) and forms[one] == forms[other] for one, other in pairs.tolist()])
        for row in dict.fromkeys(asked[place][0] for place in before[alike | equal].tolist()):
            yield "shown_answers", row

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:
        """Yield the rows, and the same of test rows, which block."""
        yield from self._told(part, "shown_answers")
        if whole.means.test:
            yield from self._told(self.map(Chunk(whole.means.test), whole.means), "shown_test_answers")

    def _told(self, part: Tally, name: str) -> Iterator[RowFinding]:
        count = part["shown_answers"]
        if not count:
            return
        share = count / max(1, part["rows"])
        among = (
            Text("test conversations", "段测试对话")
            if name == "shown_test_answers"
            else Text("conversations", "段对话")
        )
        what = Text(
            f"{count:,} {among.en} ({percent(share)}) show the last question, or nearly so, in an earlier turn with its answer",
            f"{count:,} {among.zh}（{percent(share)}）在前面的轮次中已经出现过最后的问题（或近似的问题）及其答案",
        )
        rule = Text(
            f"equal in normal form, or Jaccard similarity of character 5-grams at least {self.similar}; in test rows it blocks",
            f"规范形式相同，或字符 5-gram 的 Jaccard 相似度不低于 {self.similar}；在测试数据中出现则阻止",
        )
        severity: Severity = "block" if name == "shown_test_answers" else "warn" if share > self.warn else "info"
        yield RowFinding(name, severity, what, count, part.shown("shown_answers"), rule=rule)
