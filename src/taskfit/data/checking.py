"""What a check of the dataset doctor is: it looks at pieces of the rows, joins what it saw, and then tells."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, cast

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.finding import KEPT, NOTHING, STEP, Fix, RowFinding, Severity, Spot, Tally, counted, spot
from taskfit.data.read import FileFacts, ListedRow
from taskfit.data.record import Record

if TYPE_CHECKING:
    from taskfit.data.hashed import HashedTest

Part = TypeVar("Part")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Learned:
    """What training learns of a row under a chat template: tokens in all, tokens learned, and the learned text."""

    tokens: int
    learned: int
    text: str
    wanted: str = ""
    """What should be learned: the words of the answers."""


@dataclass(frozen=True)
class Means:
    """What a check may use beyond the rows, where the user gave it.

    `tokens` counts the tokens of texts, `window` is the length to which rows would be cut, `learned` says what
    training learns of a row under the model's chat template, `special` are the words that its tokenizer reads as
    special tokens, `losses` gives the mean loss of (prompt, answer) pairs, `embed` vectors of texts, `judge` a score
    of (prompt, answer) from 0 to 1; `test` are rows that must not stand in these, `known` test sets as hashes.
    `pieces` cuts words into the ids of a tokenizer.
    """

    tokens: Callable[[Sequence[str]], Sequence[int]] | None = None
    window: int | None = None
    learned: Callable[[Record], Learned] | None = None
    special: Sequence[str] = ()
    losses: Callable[[Sequence[tuple[str, str]]], Sequence[float]] | None = None
    embed: Callable[[Sequence[str]], Sequence[Sequence[float]]] | None = None
    judge: Callable[[Sequence[tuple[str, str]]], Sequence[float]] | None = None
    test: Sequence[Record] = ()
    known: Sequence["HashedTest"] = ()
    pieces: Callable[[Sequence[str]], Sequence[Sequence[int]]] | None = None


@dataclass(frozen=True)
class Chunk:
    """Some rows that stand one after the other, and what several checks need of them, computed once."""

    records: Sequence[Record]
    start: int = 0
    """The number of rows before these."""
    made: dict[Callable[["Chunk"], Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def prompts(self) -> list[str]:
        """What is asked in each row."""
        return [record.prompt for record in self.records]

    @cached_property
    def answers(self) -> list[str]:
        """The last answer, or the label, of each row."""
        return [record.answer for record in self.records]

    @cached_property
    def texts(self) -> list[str]:
        """All words of each row: of its messages, answers and text, joined by line ends."""
        return ["\n".join(words_of(record)) for record in self.records]

    def shared(self, make: Callable[["Chunk"], Made]) -> Made:
        """Return `make(chunk)`, computed once however many checks ask for it; `make` is a function of a module."""
        if make not in self.made:
            self.made[make] = make(self)
        return cast(Made, self.made[make])


def words_of(record: Record) -> Iterator[str]:
    """Yield every text of a row that somebody wrote: messages, both answers of a pair, plain text, the label."""
    for message in (*record.messages, *record.chosen, *record.rejected):
        yield message.content
        if message.thinking:
            yield message.thinking
    for text in (record.text, record.label, *(step for step, _ in record.steps)):
        if text:
            yield text


def talks_of(record: Record) -> tuple[tuple[Message, ...], ...]:
    """Return the conversations of a row: one, or the two of a preference pair."""
    if record.chosen or record.rejected:
        return tuple((*record.messages, *answer) for answer in (record.chosen, record.rejected) if answer)
    return (record.messages,) if record.messages else ()


@dataclass(frozen=True)
class Whole:
    """What is known of the whole set when all pieces have been seen."""

    rows: int
    listed: Sequence[ListedRow] = ()
    files: Sequence[FileFacts] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)
    means: Means = field(default_factory=Means)
    repaired: Sequence[ListedRow] = ()

    @property
    def read(self) -> int:
        """The number of all rows, used or listed."""
        return self.rows + len(self.listed)


class Check(ABC, Generic[Part]):
    """One check: thresholds are fields of the (frozen, picklable) class, one file of `data/doctor/` is one check.

    The file's name in CamelCase is the class (`same_rows.py` holds `SameRows`). `map` sees a piece of the rows and
    returns what matters of it, small and mergeable; `merge` joins two of these (associative, pieces come in order);
    `finish` yields the findings. So the same code runs in one process, in several, and on a cluster. Thresholds are
    declared with `threshold(...)`, so that `--set name.field=value` can change them and the guide lists them.
    """

    title: ClassVar[Text]
    needs: ClassVar[tuple[str, ...]] = ()
    """Names of fields of Means without which the check does not run."""
    runs: ClassVar[Literal["always", "full", "quick"]] = "full"
    """always: also before every training; full: only by `taskfit data check`; quick: only before a training."""

    @abstractmethod
    def map(self, chunk: Chunk, means: Means) -> Part:
        """Return what matters of these rows."""

    @abstractmethod
    def merge(self, one: Part, other: Part) -> Part:
        """Return what matters of both; `one` stands before `other`."""

    @abstractmethod
    def finish(self, part: Part, whole: Whole) -> Iterator[RowFinding]:
        """Yield what was found."""


def threshold(default: Any, en: str, zh: str) -> Any:
    """Declare a threshold of a check: its default, and what it means in both languages."""
    return field(default=default, metadata={"text": Text(en, zh)})


Hit = tuple[str, int, str] | tuple[str, int]
"""A thing that was seen: its name, the number of the row in the chunk, and the words to show (else what is asked)."""


class RowCheck(Check[Tally]):
    """A check of each row by itself: `find` names what it sees, and `finish` reads the counts.

    The rows looked at are counted under `seen()`: all rows unless a check overrides it.
    """

    @abstractmethod
    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:
        """Yield what is seen in the rows; a name once a row."""

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the counts against which shares are taken, by name."""
        return {"rows": len(chunk.records)}

    def map(self, chunk: Chunk, means: Means) -> Tally:
        """Return how often each thing was seen, and where first."""
        counts: dict[str, int] = dict(self.seen(chunk))
        shown: dict[str, list[Spot]] = {}
        for name, row, *words in self.find(chunk, means):
            counts[name] = counts.get(name, 0) + 1
            spots = shown.setdefault(name, [])
            if len(spots) < KEPT:
                spots.append(spot(chunk.records[row], words[0] if words else None))
        return Tally(counts, {name: tuple(spots) for name, spots in shown.items()})

    def merge(self, one: Tally, other: Tally) -> Tally:
        """Return the counts of both."""
        return one + other


class FileCheck(Check[None]):
    """A check of what is known of the file and of the rows not used; it looks at no row."""

    def map(self, chunk: Chunk, means: Means) -> None:
        """Look at nothing."""

    def merge(self, one: None, other: None) -> None:
        """Join nothing."""


@dataclass(frozen=True)
class Telling:
    """How a count of rows is told: `what` stands before the number, `more` after it.

    Above the share `warn` it warns (always, when 0), above `block` it blocks, else it only informs.
    """

    what: Text
    rule: Text
    warn: float = 0.0
    block: float = inf
    fix: Fix | None = None
    effort: int = STEP
    more: Text = NOTHING

    def of(self, part: Tally, name: str, among: str = "rows") -> Iterator[RowFinding]:
        """Yield the finding about `name`, if it was seen; its share is taken of the rows counted as `among`."""
        count = part[name]
        if not count:
            return
        share = count / max(1, part[among])
        what = Text(
            f"{self.what.en}: {counted(count)} ({percent(share)}){'; ' * bool(self.more.en)}{self.more.en}",
            f"{self.what.zh}：{count:,} 行（{percent(share)}）{'；' * bool(self.more.zh)}{self.more.zh}",
        )
        severity = by_share(share, warn=self.warn, block=self.block)
        shown = part.shown(name)
        yield RowFinding(
            name, severity, what, count, shown, rule=self.rule, fix=self.fix, effort=self.effort, share=min(1.0, share)
        )


def by_share(share: float, *, warn: float = 0.0, block: float = inf) -> Severity:
    """Return the severity of a share of rows: above `block`, above `warn`, else only information."""
    return "block" if share > block else "warn" if share > warn else "info"


def percent(share: float) -> str:
    """Return a share in per cent, short: 0.3 %, 12 %."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
