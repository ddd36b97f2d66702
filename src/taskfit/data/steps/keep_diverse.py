"""Keep the rows that cover the set best: greedy k-center over what is asked."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import Applied, Step, without
from taskfit.data.vectors import Vectors, vectors_of


class KeepDiverse(Step):
    """Keep so many rows that every other row is near one of them.

    Greedy k-center (Gonzalez 1985; Sener and Savarese 2018 for learning): begin with the row nearest to the mean,
    then take again and again the row farthest (by cosine) from all taken so far; the largest distance left over is at
    most twice the best possible one. Vectors come from an encoder where one is given, else they are hashed
    character 5-grams.
    """

    about: ClassVar[Text] = Text("keep the rows that cover the set best (k-center)", "保留最能覆盖整体的行（k-center）")
    rows: int = setting(..., "how many rows stay", "保留行数", ge=1)

    def apply(self, records: Sequence[Record], means: Means) -> Applied:
        """Return the chosen rows, in their order."""
        if len(records) <= self.rows:
            return Applied(tuple(records))
        chosen = set(k_center(vectors_of([record.prompt for record in records], means), self.rows))
        reason = Text("near a row that stays", "与保留的行相近")
        return without(records, {row: reason for row in range(len(records)) if row not in chosen})


def k_center(vectors: Vectors, count: int) -> list[int]:
    """Return the numbers of `count` rows of the unit vectors [rows, width], in the order in which they were taken."""
    first = int(np.argmax(vectors @ vectors.mean(axis=0)))
    chosen = [first]
    nearest = vectors @ vectors[first]
    nearest[first] = np.inf
    while len(chosen) < count:
        row = int(np.argmin(nearest))
        chosen.append(row)
        np.maximum(nearest, vectors @ vectors[row], out=nearest)
        nearest[row] = np.inf
    return chosen
