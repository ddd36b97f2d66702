"""Drop rows that stand in the test rows, exactly or nearly."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.near import SIMILAR, nearest
from taskfit.data.read_records import read_records
from taskfit.data.record import Record
from taskfit.data.said import said_by
from taskfit.data.step import Applied, Step, without


class DropLeaked(Step):
    """Drop training rows that ask what a test row asks; the test rows are never touched."""

    about: ClassVar[Text] = Text("drop the rows that stand in the test rows", "删除出现在测试集中的行")
    test: str = setting(..., "file of the test rows", "测试数据文件")
    similar: float = setting(
        SIMILAR, "Jaccard similarity from which a row is nearly a test row; 1 = equal ones only",
        "相似度达到此值视为近似泄漏；1 = 仅完全相同", ge=0.5, le=1.0,
    )  # fmt: skip

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the rows that no test row asks."""
        ours, theirs = said_by(records), said_by(read_records(Path(self.test)).records)
        leaked = np.isin(ours.asked_keys, theirs.asked_keys)
        if self.similar < 1.0:
            leaked |= nearest(ours.asked_grams, theirs.asked_grams, similar=self.similar)[0] >= 0
        reason = Text(f"stands in {self.test}", f"出现在 {self.test} 中")
        return without(records, dict.fromkeys(np.flatnonzero(leaked).tolist(), reason))
