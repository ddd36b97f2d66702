"""Write labels that mean the same in one way."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import RowStep


class MergeLabels(RowStep):
    """Give labels new names; two that get the same name are one from then on."""

    about: ClassVar[Text] = Text("give labels new names, so that variants become one", "统一标签写法")
    reason: ClassVar[Text] = Text("another name of the same label", "同一标签的另一种写法")
    names: Mapping[str, str] = setting(..., "old name: new name", "旧名: 新名")

    def mend(self, record: Record, means: Means) -> Record:  # noqa: ARG002
        """Return the row with its labels by their new names."""
        label = record.label if record.label is None else self.names.get(record.label, record.label)
        labels = record.labels
        if labels is not None:
            labels = tuple(dict.fromkeys(self.names.get(one, one) for one in labels))
        return (
            record if (label, labels) == (record.label, record.labels) else replace(record, label=label, labels=labels)
        )
