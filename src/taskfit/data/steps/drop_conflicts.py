"""Drop all rows whose text stands with different labels."""

from collections import defaultdict
from collections.abc import Sequence
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.asked import key_of_record
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import Applied, Step, without


class DropConflicts(Step):
    """Of equal texts with different labels keep none: nobody knows which is right."""

    about: ClassVar[Text] = Text("drop equal texts with different labels, all of them", "删除所有同文不同标签的行")

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the rows without contradictions."""
        labels: dict[str, set[str]] = defaultdict(set)
        keys = [key_of_record(record) if record.label is not None else "" for record in records]
        for key, record in zip(keys, records, strict=True):
            if record.label is not None:
                labels[key].add(record.label)
        reason = Text("the same text stands with another label", "相同文本带有不同标签")
        torn = [row for row, key in enumerate(keys) if records[row].label is not None and len(labels[key]) > 1]
        return without(records, dict.fromkeys(torn, reason))
