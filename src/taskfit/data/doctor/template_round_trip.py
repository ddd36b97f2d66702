"""What training would learn under the model's chat template must be the answers, and all of them."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, threshold
from taskfit.data.finding import COLLECT, RowFinding, Tally


@dataclass(frozen=True)
class TemplateRoundTrip(RowCheck):
    """Rendered, tokenised, and the learned tokens decoded: the words of the answers must come back."""

    title: ClassVar[Text] = Text("the chat template learns the answers", "对话模板学到的正是回答")
    needs: ClassVar[tuple[str, ...]] = ("learned",)
    first: int = threshold(200, "rows from the start that are looked at", "从开头检查的行数")
    one_in: int = threshold(
        50, "of the other rows, one in so many is looked at (by a hash)", "其余行按哈希每隔多少行检查一行"
    )

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of rows that are looked at."""
        return {"rows": len(self._some(chunk))}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:
        """Yield the rows whose learned words are not the words of the answers."""
        assert means.learned is not None
        for row in self._some(chunk):
            learned = means.learned(chunk.records[row])
            if _words(learned.text) != _words(learned.wanted):
                yield "template_mismatch", row, f"{learned.text!r} != {learned.wanted!r}"

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield a finding when any row does not come back."""
        rule = Text(
            f"of the first {self.first} rows and one in {self.one_in} of the others: learned tokens, decoded, must be the "
            "answers (spaces aside); any mismatch blocks",
            f"前 {self.first} 行及其余每 {self.one_in} 行一行：学习的词元解码后必须等于回答（忽略空格）；有即阻止训练",
        )
        yield from Telling(
            Text("learned words are not the answer's", "学到的文字与回答不同"), rule, block=0.0, effort=COLLECT
        ).of(part, "template_mismatch")

    def _some(self, chunk: Chunk) -> list[int]:
        return [
            row
            for row, record in enumerate(chunk.records)
            if record.kind in ("talk", "labelled")
            and (
                chunk.start + row < self.first
                or zlib.crc32(record.id.encode("utf-8", "surrogatepass")) % self.one_in == 0
            )
        ]


def _words(text: str) -> str:
    return "".join(text.split())
