"""Keep the rows with the best scores: of a judge, of a model's losses, or by the length of the answer."""

from collections.abc import Sequence
from math import ceil
from typing import ClassVar, Literal

import numpy as np

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import Applied, Step, without


class KeepBest(Step):
    """Keep a share of the rows, the best by one score.

    judge: the judge's score. ifd: instruction-following difficulty, loss(answer given question) / loss(answer alone)
    (Li et al. 2024, arXiv 2308.12032): the highest up to 1 stay; above 1 the question does not help, and such rows
    go first. loss: the lowest loss of the answer given the question stays. length: the longest answer stays.
    """

    about: ClassVar[Text] = Text("keep a share of the rows, the best by a score", "按得分保留最好的一部分行")
    by: Literal["judge", "ifd", "loss", "length"] = setting("ifd", "the score", "得分")
    share: float = setting(0.5, "share of the rows that stays", "保留比例", gt=0, lt=1)

    @property
    def wanted(self) -> tuple[str, ...]:
        """What the score comes from."""
        return {"judge": ("judge",), "length": ()}.get(self.by, ("losses",))

    def apply(self, records: Sequence[Record], means: Means) -> Applied:
        """Return the best rows, in their order; of equal ones the earlier stay."""
        if not records:
            return Applied(())
        scores = np.array(self._scores([(one.prompt, one.answer) for one in records], means))
        order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
        gone = {
            int(row): Text(f"{self.by} {scores[row]:.3g}, not among the best", f"{self.by} {scores[row]:.3g}，未入选")
            for row in order[ceil(self.share * len(records)) :]
        }
        return without(records, gone)

    def _scores(self, pairs: Sequence[tuple[str, str]], means: Means) -> Sequence[float]:
        """Return a score for each pair, the higher the better."""
        if self.by == "length":
            return [float(len(answer)) for _, answer in pairs]
        if self.by == "judge":
            assert means.judge is not None
            return means.judge(pairs)
        assert means.losses is not None
        told = np.array(means.losses(pairs))
        if self.by == "loss":
            return [float(one) for one in -told]
        ratio = told / np.maximum(np.array(means.losses([("", answer) for _, answer in pairs])), 1e-9)
        return [float(one) for one in np.where(ratio > 1, -ratio, ratio)]
