"""Keep at most so many rows that are filled from one template, or lie in one cluster."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.near import clusters
from taskfit.data.record import Record
from taskfit.data.said import masked, said_by
from taskfit.data.step import Applied, Step, without


class CapCluster(Step):
    """Keep the first rows of each cluster."""

    about: ClassVar[Text] = Text("keep at most so many rows of one cluster", "每簇最多保留若干行")
    most: int = setting(..., "rows of one cluster", "每簇行数", ge=1)
    by: Literal["template", "near"] = setting(
        "template",
        "template: equal but for numbers, dates and what is between braces; near: near duplicates of one another",
        "template：除数字、日期与花括号内容外相同；near：互为近似重复",
    )
    similar: float = setting(0.8, "Jaccard similarity of near duplicates", "近似重复的相似度", ge=0.5, lt=1)

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the first rows of each cluster."""
        said = said_by(records)
        names: Sequence[object]
        if self.by == "near":
            names = clusters(said.grams, similar=self.similar).tolist()
        else:
            names = [masked(text) for text in said.asked]
        seen: Counter[object] = Counter()
        gone: dict[int, Text] = {}
        reason = Text(f"more than {self.most} rows of its kind", f"同类行超过 {self.most} 行")
        for row, name in enumerate(names):
            seen[name] += 1
            if seen[name] > self.most:
                gone[row] = reason
        return without(records, gone)
