"""Learn to say the label: the answer's tokens after the question, scored as every closed set is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from taskfit.core.errors import DataError
from taskfit.core.example import Example
from taskfit.core.model import ModelCard
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.aims.aim import Aim, Asked, Work
from taskfit.engine.calibrate import dev_value
from taskfit.engine.features import FrozenStream
from taskfit.engine.fit import refuse_longer
from taskfit.engine.headed import head_rows
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.prompt import conversation
from taskfit.engine.prompted import PromptPredictor
from taskfit.model.local import LocalModel


@dataclass(frozen=True)
class Words(Aim):
    """The label's word is the answer."""

    rank: ClassVar[int] = 10

    @classmethod
    def wants(cls, asked: Asked, task: Task) -> bool:
        """See Aim."""
        return task.closed and asked.answer_by in ("auto", "words")

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Aim."""
        del task
        if card.architecture == "encoder":
            return Text("an encoder cannot say words; use answer_by: head", "编码器不能生成词语，请用 answer_by: head")
        return None

    def lesson(self, work: Work) -> "WordsLesson":
        """See Aim."""
        if not work.practice.train or not work.practice.dev:
            raise DataError(Text("training needs rows in train and in dev", "训练需要 train 与 dev 都有数据"))
        rows = answer_rows(work.model, work.task, work.practice.train)
        refuse_longer(work.model, [row.ids for row in rows])
        dev_tokens = sum(map(len, head_rows(work.model, work.task, work.practice.dev)))
        return WordsLesson(work, rows, work.stream([row.ids for row in rows], told=True), dev_tokens)

    @classmethod
    def restore(cls, tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> PromptPredictor:
        """See Aim."""
        del folder, facts
        return PromptPredictor(tuned, task)


@dataclass(frozen=True)
class WordsLesson:
    """See Lesson."""

    work: Work
    rows: list[Row]
    stream: FrozenStream | None
    dev_tokens: int
    remarks: tuple[Text, ...] = ()

    @property
    def dev_metric(self) -> str:
        """See Lesson."""
        return "accuracy"

    def learner(self, tuned: LocalModel) -> TokenLearner:
        """See Lesson."""
        return TokenLearner(tuned, self.rows, self.stream, self.work.label_smoothing, self.work.neftune_alpha)

    def dev_score(self, learner: TokenLearner) -> float:
        """Return the accuracy on dev, less a sliver of the loss so that equal accuracies are ordered."""
        task, dev = self.work.task, self.work.practice.dev
        scores = PromptPredictor(learner.model, task).raw_scores(dev).values
        return dev_value(scores, [task.label_names.index(example.target or "") for example in dev])

    def predictor(self, learner: TokenLearner) -> PromptPredictor:
        """See Lesson."""
        return PromptPredictor(learner.model, self.work.task)


def answer_rows(model: LocalModel, task: Task, examples: Sequence[Example], shown: Sequence[Example] = ()) -> list[Row]:
    """Return training rows: the question after the `shown` examples, then the answer and one token that ends the turn.

    The answer and that token are learned. Rows may be longer than the model reads.
    """
    prompts = [model.render(conversation(task, example, shown)) for example in examples]
    words = [task.word_of(example.target or "") for example in examples]
    end = model.template.answer_end
    asked = model.encode(prompts)
    said = model.encode([p + w for p, w in zip(prompts, words, strict=True)])
    whole = model.encode([p + w + end for p, w in zip(prompts, words, strict=True)])
    rows = []
    for question, answer, ids, example in zip(asked, said, whole, examples, strict=True):
        kept = ids[: len(answer) + 1]
        rows.append(Row(kept, [place >= len(question) for place in range(len(kept))], str(example.origin)))
    return rows
