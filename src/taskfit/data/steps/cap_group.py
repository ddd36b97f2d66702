"""Keep at most so many rows of one group."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import Applied, Step, without


class CapGroup(Step):
    """Keep the first rows of each group (same user, document, template)."""

    about: ClassVar[Text] = Text("keep at most so many rows of one group", "每组最多保留若干行")
    most: int = setting(..., "rows of one group", "每组行数", ge=1)

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the first rows of each group, and all rows without one."""
        seen: Counter[str] = Counter()
        gone: dict[int, Text] = {}
        for row, record in enumerate(records):
            if record.group is not None:
                seen[record.group] += 1
                if seen[record.group] > self.most:
                    said = Text(
                        f"more than {self.most} rows of the group '{record.group}'",
                        f"分组“{record.group}”超过 {self.most} 行",
                    )
                    gone[row] = said
        return without(records, gone)
