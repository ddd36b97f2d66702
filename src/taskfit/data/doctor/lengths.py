"""Rows much longer than what a model reads, before any tokenizer is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally, counted, spot


@dataclass(frozen=True)
class Lengths(Check[tuple[Tally, int]]):
    """Rows of very many characters."""

    title: ClassVar[Text] = Text("very long rows", "过长的行")
    runs = "always"
    most: int = threshold(8000, "characters of a row above which it is told", "单行字符数超过此值时提示")

    def map(self, chunk: Chunk, means: Means) -> tuple[Tally, int]:  # noqa: ARG002
        """Return the long rows, and the length of the longest."""
        sizes = [sum(len(message.content) for message in record.messages) for record in chunk.records]
        found = [spot(record) for size, record in zip(sizes, chunk.records, strict=True) if size > self.most]
        return Tally({"long": len(found)}, {"long": tuple(found)}), max(sizes, default=0)

    def merge(self, one: tuple[Tally, int], other: tuple[Tally, int]) -> tuple[Tally, int]:
        """Return the long rows of both."""
        return one[0] + other[0], max(one[1], other[1])

    def finish(self, part: tuple[Tally, int], whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield a finding when rows are longer than the threshold."""
        found, longest = part
        count = found["long"]
        if count:
            what = Text(
                f"{counted(count, 'row has', 'rows have')} more than {self.most:,} characters (the longest {longest:,}); they may be cut",
                f"{count} 行超过 {self.most:,} 个字符（最长 {longest:,}），可能会被截断",
            )
            rule = Text(
                f"more than {self.most:,} characters in the messages of a row; with --model tokens are counted instead",
                f"一行各消息共超过 {self.most:,} 个字符；给出 --model 时改为统计词元",
            )
            yield RowFinding("long_rows", "warn", what, count, found.shown("long"), rule=rule, effort=REVIEW)
