"""Answers that lack a part which the guideline asks for: name the parts with `--set completeness.parts=name,price`."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Whole, by_share, percent, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally


@dataclass(frozen=True)
class Completeness(RowCheck):
    """The parts that every answer must have: keys of its JSON, or lines that begin with the part's name and a colon."""

    title: ClassVar[Text] = Text("answers that lack a part", "缺少必需部分的回答")
    parts: tuple[str, ...] = threshold((), "parts that every answer must have", "每个回答必须包含的部分")
    whole: float = threshold(0.98, "share of whole answers below which this warns", "完整回答的比例低于此值时警告")

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return how many answers there are."""
        return {"rows": sum(bool(answer) for answer in chunk.answers)}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the answers that lack a part."""
        for row, answer in enumerate(chunk.answers if self.parts else ()):
            lacking = [part for part in self.parts if answer and not has_part(answer, part)]
            if lacking:
                yield "lacking_part", row, f"- {', '.join(lacking)}: {answer}"

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield the answers that are not whole."""
        count, total = part["lacking_part"], part["rows"]
        if not count:
            return
        what = Text(
            f"{count:,} of {total:,} answers ({percent(count / total)}) lack one of the parts {', '.join(self.parts)}",
            f"{total:,} 个回答中有 {count:,} 个（{percent(count / total)}）缺少以下部分之一：{'、'.join(self.parts)}",
        )
        rule = Text(
            f"a part is a key of the answer's JSON, or a line that begins with its name and a colon; below "
            f"{percent(self.whole)} of whole answers it warns",
            f"部分指回答 JSON 的键，或以其名称加冒号开头的行；完整回答低于 {percent(self.whole)} 时警告",
        )
        severity = by_share(count / total, warn=1 - self.whole)
        yield RowFinding("lacking_part", severity, what, count, part.shown("lacking_part"), rule=rule, effort=REVIEW)


def has_part(answer: str, part: str) -> bool:
    """Return whether an answer has a part with something in it."""
    try:
        value = json.loads(answer)
    except ValueError:
        return re.search(rf"(?mi)^\W*{re.escape(part)}\W*[:：]\s*\S", answer) is not None
    return isinstance(value, dict) and value.get(part) not in (None, "", [], {})
