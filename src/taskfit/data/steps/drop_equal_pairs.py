"""Drop preference pairs whose two answers are the same."""

from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.normal import normal
from taskfit.data.record import Record
from taskfit.data.step import RowStep


class DropEqualPairs(RowStep):
    """Drop pairs that prefer an answer over itself."""

    about: ClassVar[Text] = Text("drop preference pairs with twice the same answer", "删除两个回答相同的偏好对")
    reason: ClassVar[Text] = Text("twice the same answer", "两个回答相同")

    def mend(self, record: Record, means: Means) -> Record | Text:  # noqa: ARG002
        """Return the row unless its answers are the same."""
        if not record.rejected:
            return record
        chosen, rejected = ("\n".join(one.content for one in side) for side in (record.chosen, record.rejected))
        return self.reason if normal(chosen) == normal(rejected) else record
