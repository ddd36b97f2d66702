"""Rows that say whether an answer is liked: both verdicts must occur, and not too unevenly (KTO)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Whole, threshold
from taskfit.data.finding import COLLECT, REVIEW, RowFinding, Severity, Tally


@dataclass(frozen=True)
class LikedBalance(RowCheck):
    """Liked against disliked answers (Ethayarajh et al. 2024, arXiv:2402.01306)."""

    title: ClassVar[Text] = Text("liked and disliked answers", "喜欢与不喜欢的回答")
    uneven: float = threshold(4.0, "the larger / the smaller side above which it warns", "两类之比上限")

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of rows with a verdict."""
        return {"rows": sum(record.verdict is not None for record in chunk.records)}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the verdict of each row."""
        for row, record in enumerate(chunk.records):
            if record.verdict is not None:
                yield "liked" if record.verdict else "disliked", row

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield a finding when one side is missing or far smaller."""
        liked, disliked = part["liked"], part["disliked"]
        if not part["rows"]:
            return
        smaller, fewer, more = ("liked", liked, disliked) if liked < disliked else ("disliked", disliked, liked)
        if more <= self.uneven * fewer:
            return
        what = Text(
            f"{liked:,} liked and {disliked:,} disliked answers; weigh the sides so that they count alike",
            f"喜欢 {liked:,} 行，不喜欢 {disliked:,} 行；请设置权重使两类影响相当",
        )
        rule = Text(
            f"one side is missing (blocks), or the larger is more than {self.uneven:g} times the smaller (warns)",
            f"缺少一类（阻止训练），或多的一类超过少的 {self.uneven:g} 倍（警告）",
        )
        severity: Severity = "warn" if fewer else "block"
        shown, effort = part.shown(smaller), REVIEW if fewer else COLLECT
        yield RowFinding("liked_balance", severity, what, liked + disliked, shown, rule=rule, effort=effort)
