"""Learn text: every token from those before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskfit.core.example import Example, Message
from taskfit.core.model import ModelCard
from taskfit.core.task import Task
from taskfit.core.text import Text as Sentence
from taskfit.engine.aims.aim import Aim, Work
from taskfit.engine.language import text_row, whole_row
from taskfit.engine.learner import Row
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.token_lesson import TokenLesson
from taskfit.model.local import LocalModel


@dataclass(frozen=True)
class Text(Aim):
    """Plain text, or whole conversations as the model reads them; only methods that train on text choose it."""

    def impossible(self, card: ModelCard, task: Task) -> Sentence | None:
        """See Aim."""
        del task
        if card.architecture == "encoder":
            return Sentence("an encoder does not continue text", "编码器不能续写文本")
        return None

    def row(self, model: LocalModel, example: Example) -> Row:
        """Return the row of an example: its text; a conversation, or a question with its answer, as the model reads it."""
        if example.target is None and len(example.messages) == 1:
            return text_row(model, example.text)
        said = () if example.target is None else (Message("assistant", example.target),)
        return whole_row(model, [*example.messages, *said])

    def lesson(self, work: Work) -> TokenLesson:
        """See Aim."""
        return TokenLesson.read(work, lambda one: self.row(work.model, one))

    @classmethod
    def restore(cls, tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> PromptPredictor:
        """See Aim."""
        del folder, facts
        return PromptPredictor(tuned, task)
