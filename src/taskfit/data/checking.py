"""What a check of the dataset doctor is: it looks at pieces of the rows, joins what it saw, and then tells."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Generic, TypeVar

from taskfit.core.text import Text
from taskfit.data.finding import RowFinding
from taskfit.data.read import FileFacts, ListedRow
from taskfit.data.record import Record

Part = TypeVar("Part")


@dataclass(frozen=True)
class Chunk:
    """Some rows that stand one after the other, and what several checks need of them, computed once."""

    records: Sequence[Record]
    number: int = 0

    @cached_property
    def prompts(self) -> list[str]:
        """What is asked in each row."""
        return [record.prompt for record in self.records]

    @cached_property
    def answers(self) -> list[str]:
        """The last answer, or the label, of each row."""
        return [record.answer for record in self.records]


@dataclass(frozen=True)
class Means:
    """What a check may use beyond the rows, where the user gave it.

    `tokens` counts the tokens of texts, `window` is the length to which rows would be cut, `losses` gives the mean loss of
    (prompt, answer) pairs, `embed` vectors of texts, `judge` a score of (prompt, answer) from 0 to 1; `test` are rows
    that must not stand in these.
    """

    tokens: Callable[[Sequence[str]], Sequence[int]] | None = None
    window: int | None = None
    losses: Callable[[Sequence[tuple[str, str]]], Sequence[float]] | None = None
    embed: Callable[[Sequence[str]], Sequence[Sequence[float]]] | None = None
    judge: Callable[[Sequence[tuple[str, str]]], Sequence[float]] | None = None
    test: Sequence[Record] = ()


@dataclass(frozen=True)
class Whole:
    """What is known of the whole set when all pieces have been seen."""

    rows: int
    listed: Sequence[ListedRow] = ()
    facts: FileFacts | None = None
    kinds: Mapping[str, int] = field(default_factory=dict)


class Check(ABC, Generic[Part]):
    """One check: thresholds are fields of the (frozen, picklable) class, one file of `data/doctor/` is one check.

    `map` sees a piece of the rows and returns what matters of it, small and mergeable; `merge` joins two of these
    (associative, pieces come in order); `finish` yields the findings. So the same code runs in one process, in
    several, and on a cluster.
    """

    title: ClassVar[Text]
    needs: ClassVar[tuple[str, ...]] = ()
    """Names of fields of Means without which the check does not run."""

    @abstractmethod
    def map(self, chunk: Chunk, means: Means) -> Part:
        """Return what matters of these rows."""

    @abstractmethod
    def merge(self, one: Part, other: Part) -> Part:
        """Return what matters of both; `one` stands before `other`."""

    @abstractmethod
    def finish(self, part: Part, whole: Whole) -> Iterator[RowFinding]:
        """Yield what was found."""
