"""An Aim: what is learned from rows, whichever weights are trained.

Every other file of this folder is one aim, found by its name; which one serves a task is asked of them in the order
of their `rank`. A method that needs an aim of its own overrides `Trained.aim`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

from taskfit.core.catalog import Catalog
from taskfit.core.errors import NotPossible
from taskfit.core.example import Practice
from taskfit.core.method import Desk
from taskfit.core.model import ModelCard
from taskfit.core.prediction import Predictor
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.features import FrozenStream, freeze_stream
from taskfit.engine.flops import forward_flops
from taskfit.engine.learner import Learner
from taskfit.engine.truncate import TooLong
from taskfit.model.local import LocalModel

AIMS = Catalog("taskfit.engine.aims", "aim")


@dataclass(frozen=True)
class Asked:
    """What the settings of a method say of what is learned; each aim reads what concerns it."""

    answer_by: Literal["auto", "words", "head"] = "auto"
    pooling: Literal["auto", "mean", "last", "first"] = "auto"
    max_length: int | None = None
    too_long: TooLong = "refuse"


@dataclass(frozen=True)
class Work:
    """What one rung works with: the base model, the task, train and dev, the desk; layers `below` are never changed.

    `label_smoothing` and `neftune_alpha` are for the learner.
    """

    model: LocalModel
    task: Task
    practice: Practice
    desk: Desk
    below: int = 0
    label_smoothing: float = 0.0
    neftune_alpha: float = 0.0

    def stream(self, ids: Sequence[Sequence[int]], *, told: bool = False) -> FrozenStream | None:
        """Return what the frozen layers give for rows of tokens, computed once; None when no layer is frozen."""
        if not self.below or not ids:
            return None
        share = self.below / max(1, self.model.card.layers)
        self.desk.meter.add(flops=share * forward_flops(self.model.card, sum(map(len, ids))))
        phase = Text("frozen layers", "冻结层特征")
        tell = (lambda done: self.desk.progress(phase, done, len(ids))) if told else (lambda _: None)
        return freeze_stream(self.model, ids, self.below, tell)


class Lesson(Protocol):
    """The rows of one rung as an aim reads them, for all of its trials; what never changes is computed once."""

    @property
    def dev_tokens(self) -> int:
        """Tokens of one look at dev: what it costs."""
        ...

    @property
    def remarks(self) -> tuple[Text, ...]:
        """What the report should say of how these rows are learned or measured."""
        ...

    @property
    def dev_metric(self) -> str:
        """What the value on dev is: the name of a metric (less a sliver of the loss), or LOSS (minus the loss)."""
        ...

    def learner(self, tuned: LocalModel) -> Learner:
        """Return a learner on a freshly prepared copy; called once a trial, and once for the weights to be kept."""
        ...

    def dev_score(self, learner: Any) -> float:
        """Return the value on dev, higher is better; never called without dev rows."""
        ...

    def predictor(self, learner: Any) -> Predictor:
        """Return the predictor of a learner that holds the weights to be kept; nothing is trained any more."""
        ...


class Aim(ABC):
    """What is learned: how rows become a learner, dev a score, the trained copy a predictor. Holds only settings."""

    rank: ClassVar[int] = 1000

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """Return the aim with the settings that concern it."""
        del asked
        return cls()

    @classmethod
    def wants(cls, asked: Asked, task: Task) -> bool:
        """Return whether this aim is meant for the task; aims that only their methods choose say no."""
        del asked, task
        return False

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """Return why this model cannot do it, or None when it can."""
        del card, task
        return None

    @abstractmethod
    def lesson(self, work: Work) -> Lesson:
        """Read the rows; raise DataError for those that cannot be learned."""

    def save(self, predictor: Any, folder: Path) -> Mapping[str, Any]:
        """Write what the aim added to the weights of the model, and return facts (JSON) that `restore` needs."""
        del predictor, folder
        return {}

    @classmethod
    @abstractmethod
    def restore(cls, tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> Predictor:
        """Return the predictor of a tuned model with what `save` wrote."""


def aim_for(asked: Asked, card: ModelCard, task: Task) -> Aim:
    """Return the first aim that is meant for the task and that the model can do; raise NotPossible with the reason."""
    meant = [one.of(asked) for one in _aims() if one.wants(asked, task)]
    reasons = [one.impossible(card, task) for one in meant]
    possible = [one for one, reason in zip(meant, reasons, strict=True) if reason is None]
    if possible:
        return possible[0]
    told = next((reason for reason in reasons if reason is not None), None)
    raise NotPossible(told or _nobody(asked, task))


def name_of(aim: Aim) -> str:
    """Return the name of the aim: its file's."""
    return type(aim).__module__.rpartition(".")[2]


def aim_named(name: str) -> type[Aim]:
    """Return the class of the aim that a saved model names."""
    found = AIMS.entry(name)
    assert issubclass(found, Aim)
    return found


def _aims() -> list[type[Aim]]:
    return sorted((aim_named(name) for name in AIMS.names() if name != "aim"), key=lambda one: one.rank)


def _nobody(asked: Asked, task: Task) -> Text:
    if asked.answer_by == "head":
        return Text("a classification head needs labels", "分类头需要标签")
    return Text(
        f"nothing is known to learn for tasks of the kind {task.kind}", f"没有可用于 {task.kind} 类任务的学习目标"
    )
