"""What the lessons share that learn tokens: rows with what the frozen layers give for them, the loss on dev."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from taskfit.core.example import Example
from taskfit.core.text import Text
from taskfit.engine.aims.aim import Work
from taskfit.engine.dev_loss import mean_loss
from taskfit.engine.features import FrozenStream
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.reading import DEV_PHASE, PHASE, rows_of
from taskfit.model.local import LocalModel


@dataclass(frozen=True)
class TokenLesson:
    """See Lesson; minus the mean loss per token is the score on dev."""

    work: Work
    rows: list[Row]
    dev: list[Row]
    stream: FrozenStream | None
    dev_stream: FrozenStream | None

    @classmethod
    def read(cls, work: Work, row_of: Callable[[Example], Row]) -> Self:
        """Make the rows of train and dev, and compute once what the frozen layers give for them."""
        rows = rows_of(work.model, work.practice.train, row_of, work.desk, PHASE)
        dev = rows_of(work.model, work.practice.dev, row_of, work.desk, DEV_PHASE)
        stream = work.stream([row.ids for row in rows], told=True)
        return cls(work, rows, dev, stream, work.stream([row.ids for row in dev]))

    @property
    def dev_tokens(self) -> int:
        """See Lesson."""
        return sum(len(row.ids) for row in self.dev)

    @property
    def remarks(self) -> tuple[Text, ...]:
        """See Lesson."""
        return ()

    def learner(self, tuned: LocalModel) -> TokenLearner:
        """See Lesson."""
        return TokenLearner(tuned, self.rows, self.stream, self.work.label_smoothing, self.work.neftune_alpha)

    def dev_score(self, learner: TokenLearner) -> float:
        """See Lesson."""
        return -mean_loss(learner.model, self.dev, self.dev_stream)

    def predictor(self, learner: TokenLearner) -> PromptPredictor:
        """See Lesson."""
        return PromptPredictor(learner.model, self.work.task)
