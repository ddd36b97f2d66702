"""Rows that are answered in words, conversations, and texts; a desk that stops in the middle of a training."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from methods.small_task import divided, rows
from taskfit.core.events import Event
from taskfit.core.example import Example, Message, Practice
from taskfit.core.method import Desk
from taskfit.core.task import Task

OPEN = Task("answer", "One word for the topic.", (), ("exact_match", "char_f1"), 4)
TALKING = Task("generate", "", (), (), 4)
_PRACTICE, _TEST = divided()
ANSWERS = Practice(_PRACTICE.train[:9], _PRACTICE.dev[:3])
ASKED = _TEST[:3]


def talks(count: int, *, seed: int = 0) -> tuple[Example, ...]:
    """Return conversations of two questions and answers, the last answer among the messages."""
    pairs = rows(2 * count, seed=seed)
    return tuple(
        Example(
            f"talk:{place}",
            (
                *_turn(pairs[2 * place]),
                *_turn(pairs[2 * place + 1]),
            ),
            None,
            pairs[2 * place].origin,
        )
        for place in range(count)
    )


def _turn(example: Example) -> tuple[Message, Message]:
    return Message("user", example.text), Message("assistant", str(example.target))


TALKS = Practice(talks(8), talks(3, seed=1))
TEXTS = Practice(
    tuple(one.without_target() for one in _PRACTICE.train[:8]), tuple(one.without_target() for one in _PRACTICE.dev[:3])
)


@dataclass
class Stopping:
    """Counts steps and says stop after the given number of them."""

    after: int
    steps: int = 0
    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.steps += event.kind == "train.step"

    def stop(self) -> bool:
        return self.steps >= self.after


def desk_in(folder: Path, stopping: Stopping | None = None, *, seed: int = 3) -> Desk:
    """Return a desk for one trial; with `stopping`, one that stops."""
    folder.mkdir(parents=True, exist_ok=True)
    desk = Desk(folder, folder / "cache", seed=seed, trials=1)
    return desk if stopping is None else replace(desk, emit=stopping, stop=stopping.stop)
