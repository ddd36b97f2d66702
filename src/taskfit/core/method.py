"""A Method: frozen settings with `adapt`. One file in `methods/` is one method."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from taskfit.core.events import Emit, Event, silent
from taskfit.core.example import Practice
from taskfit.core.meter import Meter
from taskfit.core.model import Ability, Model, ModelCard
from taskfit.core.prediction import Predictor
from taskfit.core.settings import Settings
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text

Changes = Literal["nothing", "added weights", "some weights", "all weights"]


@dataclass(frozen=True)
class Desk:
    """What a method works at: its folder, its meter, its seed, its share of dev trials, who is told.

    `note` names the trial that is running and is shown behind the phase.

    `cache` is a folder shared by all rungs of a run (features of frozen layers, answers of endpoints).
    `stop` returns True when the user asked to stop: save and raise KeyboardInterrupt.
    """

    folder: Path
    cache: Path
    rung: str = ""
    note: str = ""
    seed: int = 0
    trials: int = 6
    meter: Meter = field(default_factory=Meter)
    emit: Emit = silent
    stop: Callable[[], bool] = lambda: False

    def progress(self, phase: Text, done: int, total: int, unit: str = "rows") -> None:
        """Tell how far a phase is; raise KeyboardInterrupt when the user asked to stop (training saves first)."""
        if self.stop() and unit != "steps":
            raise KeyboardInterrupt
        self.emit(
            Event(
                "progress",
                {
                    "rung": self.rung,
                    "phase": {"en": f"{phase.en} {self.note}".strip(), "zh": f"{phase.zh} {self.note}".strip()},
                    "done": done,
                    "total": total,
                    "unit": unit,
                },
            )
        )


class Method(Settings, ABC):
    """One way to make a predictor for a task. Subclasses are the public settings of the method.

    `about` says what it does, `when` says when to use it. `rank` is its place on the ladder, cheapest
    first. `needs` are the abilities a model must have; `kinds` the task kinds it can do. A ladder for which no
    rungs are named is made of the methods that are on `by_default`.
    """

    about: ClassVar[Text]
    when: ClassVar[Text]
    rank: ClassVar[int]
    changes: ClassVar[Changes] = "nothing"
    needs: ClassVar[frozenset[Ability]] = frozenset()
    kinds: ClassVar[frozenset[Kind]] = frozenset({"classify"})
    random: ClassVar[bool] = False
    by_default: ClassVar[bool] = True

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """Return why this model cannot do this method on this task, or None when it can."""
        missing = sorted(self.needs - card.abilities)
        if missing:
            names = ", ".join(missing)
            return Text(f"{card.name} cannot {names}", f"{card.name} 不支持：{names}")
        if task.kind not in self.kinds:
            return Text(f"not made for tasks of the kind {task.kind}", f"不适用于 {task.kind} 类任务")
        return None

    @abstractmethod
    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """Make a predictor from train and dev. The test split is never a parameter."""

    @abstractmethod
    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        """Return the predictor that was saved in `folder`."""
