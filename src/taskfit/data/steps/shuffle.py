"""Put the rows in a random order, the same one for the same seed."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import Applied, Step


class Shuffle(Step):
    """Mix the order of the rows."""

    about: ClassVar[Text] = Text("put the rows in a random order", "打乱行的顺序")
    seed: int = setting(0, "seed of the order", "随机种子", ge=0)

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the rows in another order."""
        order = np.random.default_rng([self.seed, 8]).permutation(len(records)).tolist()
        return Applied(tuple(records[row] for row in order))
