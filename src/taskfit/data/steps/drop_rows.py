"""Drop rows that are named, one by one."""

from collections.abc import Sequence
from typing import ClassVar

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import Applied, Step, without


class DropRows(Step):
    """Drop rows by their ids, or by where they stand (file:line)."""

    about: ClassVar[Text] = Text("drop the rows that are named", "删除指定的行")
    ids: tuple[str, ...] = setting(
        ..., "ids or places (file:line) of the rows", "行的 id 或位置（文件:行号）", min_length=1
    )
    why: str = setting("", "the reason, for the ledger", "原因，写入台账")

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the rows that are not named."""
        named = set(self.ids)
        reason = Text(self.why or "named in the recipe", self.why or "配方中指定")
        gone = [at for at, one in enumerate(records) if one.id in named or str(one.origin) in named]
        return without(records, dict.fromkeys(gone, reason))
