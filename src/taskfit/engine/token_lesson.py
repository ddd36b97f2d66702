"""What the lessons share that learn texts: rows with what the frozen layers give for them, the loss on dev."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from taskfit.core.errors import DataError
from taskfit.core.example import Example
from taskfit.core.prediction import LOSS
from taskfit.core.text import Text
from taskfit.engine.aims.aim import Work
from taskfit.engine.dev_loss import mean_loss
from taskfit.engine.features import FrozenStream
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.preflight import preflight
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.reading import Length, of_length, sentences_of
from taskfit.engine.talk import TalkRows
from taskfit.model.local import LocalModel

Told = Callable[[int], None]
Read = Callable[[Sequence[Example], Told], TalkRows]
TOLD_EVERY = 1000  # rows
PHASE, DEV_PHASE = Text("read the rows", "读取数据"), Text("read dev rows", "读取 dev 数据")


@dataclass(frozen=True)
class TokenLesson:
    """See Lesson; minus the mean loss per token is the score on dev."""

    work: Work
    rows: Sequence[Row]
    dev: Sequence[Row]
    stream: FrozenStream | None
    dev_stream: FrozenStream | None
    remarks: tuple[Text, ...] = ()

    @classmethod
    def read(cls, work: Work, read: Read, length: Length, *, ends: bool = False) -> Self:
        """Make the rows of train and dev, show what they teach, compute once what the frozen layers give for them.

        With `ends`, the rows are meant to teach where an answer ends.
        """
        rows = of_length(work.model, _read(work, read, work.practice.train, PHASE), length)
        dev = of_length(work.model, _read(work, read, work.practice.dev, DEV_PHASE), length)
        if work.practice.dev and not any(any(row.learn[1:]) for row in dev.rows):
            raise DataError(Text("no dev row has anything to learn", "没有任何 dev 数据包含可学习的内容"))
        found = preflight(work.model, rows.rows, answers=rows.answers or None, notes=rows.notes, ends=ends)
        for event in found.events(work.desk.rung):
            work.desk.emit(event)
        stream = work.stream([row.ids for row in rows.rows], told=True)
        dev_stream = work.stream([row.ids for row in dev.rows])
        return cls(work, rows.rows, dev.rows, stream, dev_stream, (*found.warnings, *sentences_of(rows.notes)))

    @property
    def dev_tokens(self) -> int:
        """See Lesson."""
        return sum(len(row.ids) for row in self.dev)

    @property
    def dev_metric(self) -> str:
        """See Lesson."""
        return LOSS

    def learner(self, tuned: LocalModel) -> TokenLearner:
        """See Lesson."""
        return TokenLearner(tuned, self.rows, self.stream, self.work.label_smoothing, self.work.neftune_alpha)

    def dev_score(self, learner: TokenLearner) -> float:
        """See Lesson."""
        return -mean_loss(learner.model, self.dev, self.dev_stream)

    def predictor(self, learner: TokenLearner) -> PromptPredictor:
        """See Lesson."""
        return PromptPredictor(learner.model, self.work.task)


def _read(work: Work, read: Read, examples: Sequence[Example], phase: Text) -> TalkRows:
    def told(done: int) -> None:
        if done % TOLD_EVERY == 0:
            work.desk.progress(phase, done, len(examples))

    return read(examples, told)
