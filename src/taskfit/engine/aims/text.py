"""Learn text: every token from those before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskfit.core.model import ModelCard
from taskfit.core.task import Task
from taskfit.core.text import Text as Sentence
from taskfit.engine.aims.aim import Aim, Work
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.reading import Length, text_rows
from taskfit.engine.token_lesson import TokenLesson
from taskfit.model.local import LocalModel


@dataclass(frozen=True)
class Text(Aim):
    """Plain text, or whole conversations as the model reads them; only methods that train on text choose it."""

    length: Length = field(default_factory=Length)

    def impossible(self, card: ModelCard, task: Task) -> Sentence | None:
        """See Aim."""
        del task
        if card.architecture == "encoder":
            return Sentence("an encoder does not continue text", "编码器不能续写文本")
        return None

    def lesson(self, work: Work) -> TokenLesson:
        """See Aim."""
        return TokenLesson.read(work, lambda some, told: text_rows(work.model, some, told), self.length)

    @classmethod
    def restore(cls, tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> PromptPredictor:
        """See Aim."""
        del folder, facts
        return PromptPredictor(tuned, task)
