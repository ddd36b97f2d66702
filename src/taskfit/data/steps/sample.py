"""Draw some rows, the same ones for the same seed."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import Applied, Step, without


class Sample(Step):
    """Keep so many rows, drawn by the seed; they stay in their order."""

    about: ClassVar[Text] = Text("keep so many rows, drawn by a seed", "按种子抽取若干行")
    rows: int = setting(..., "how many rows stay", "保留行数", ge=1)
    seed: int = setting(0, "seed of the draw", "随机种子", ge=0)

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the drawn rows."""
        drawn = set(np.random.default_rng([self.seed, 7]).permutation(len(records))[: self.rows].tolist())
        reason = Text("not drawn", "未抽中")
        return without(records, {row: reason for row in range(len(records)) if row not in drawn})
