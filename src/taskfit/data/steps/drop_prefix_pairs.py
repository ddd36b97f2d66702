"""Drop preference pairs in which one answer is the beginning of the other."""

from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import RowStep


class DropPrefixPairs(RowStep):
    """Drop pairs that only teach to write longer, or shorter: one answer was cut off."""

    about: ClassVar[Text] = Text(
        "drop pairs in which one answer begins with the other", "删除一个回答是另一个开头的偏好对"
    )
    reason: ClassVar[Text] = Text("one answer is the beginning of the other", "一个回答是另一个的开头")

    def mend(self, record: Record, means: Means) -> Record | Text:  # noqa: ARG002
        """Return the row unless one answer is the beginning of the other."""
        if not record.rejected:
            return record
        chosen, rejected = ("\n".join(one.content for one in side).strip() for side in (record.chosen, record.rejected))
        cut = chosen != rejected and (chosen.startswith(rejected) or rejected.startswith(chosen))
        return self.reason if cut else record
