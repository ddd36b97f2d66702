"""What a step of a recipe is: it takes rows and returns rows, with an entry for every row it changed or dropped."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from taskfit.core.catalog import Catalog
from taskfit.core.example import Message
from taskfit.core.settings import Settings
from taskfit.core.text import Text
from taskfit.data.checking import Means, RowCheck
from taskfit.data.examine import chunks_of
from taskfit.data.finding import excerpt
from taskfit.data.record import Record

STEPS = Catalog("taskfit.data.steps", "step")

What = Literal["changed", "dropped", "repeated", "kept"]


@dataclass(frozen=True)
class Entry:
    """What happened to one row: its id and place, what was done, why, and its words before and after."""

    id: str
    place: str
    what: What
    reason: Text
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Applied:
    """The rows after a step, and an entry for each row that is not as it was before."""

    records: tuple[Record, ...]
    entries: tuple[Entry, ...] = ()


class Step(Settings):
    """One step; one file of `data/steps/` is one step, its name in CamelCase the class."""

    about: ClassVar[Text]
    needs: ClassVar[tuple[str, ...]] = ()
    """Names of fields of Means without which the step does not run."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """What this step needs, with the settings it has."""
        return self.needs

    @abstractmethod
    def apply(self, records: Sequence[Record], means: Means) -> Applied:
        """Return the rows after this step."""


class RowStep(Step):
    """A step that looks at each row by itself: `mend` returns the row (the same one, or a changed one) or why it goes."""

    reason: ClassVar[Text]
    """Why a row is changed."""

    @abstractmethod
    def mend(self, record: Record, means: Means) -> Record | Text:
        """Return the row as it should be, or the reason for dropping it."""

    def apply(self, records: Sequence[Record], means: Means) -> Applied:
        """Return the mended rows."""
        kept: list[Record] = []
        entries: list[Entry] = []
        for record in records:
            after = self.mend(record, means)
            if isinstance(after, Text):
                entries.append(dropped(record, after))
                continue
            kept.append(after)
            if after is not record and after != record:
                entries.append(changed(record, after, self.reason))
        return Applied(tuple(kept), tuple(entries))


class DropFound(Step):
    """A step that drops the rows which a check of the doctor finds: one truth for finding and mending."""

    found: ClassVar[tuple[str, ...]]
    """The names under which the check counts the rows that go."""
    reason: ClassVar[Text]

    @abstractmethod
    def check(self) -> RowCheck:
        """Return the check with the thresholds of this step."""

    def apply(self, records: Sequence[Record], means: Means) -> Applied:
        """Return the rows that the check does not find."""
        check, gone = self.check(), set[int]()
        for chunk in chunks_of(records):
            gone |= {chunk.start + hit[1] for hit in check.find(chunk, means) if hit[0] in self.found}
        return without(records, dict.fromkeys(gone, self.reason))


def without(records: Sequence[Record], gone: dict[int, Text]) -> Applied:
    """Return the rows without those whose numbers are in `gone`, each with its reason."""
    return Applied(
        tuple(record for number, record in enumerate(records) if number not in gone),
        tuple(dropped(records[number], reason) for number, reason in sorted(gone.items())),
    )


def dropped(record: Record, reason: Text) -> Entry:
    """Return the entry of a row that goes."""
    return Entry(record.id, str(record.origin), "dropped", reason, excerpt(record.prompt))


def changed(before: Record, after: Record, reason: Text) -> Entry:
    """Return the entry of a changed row: the words in which the two differ, where some do."""
    pairs = zip(_texts(before), _texts(after), strict=False)
    one, other = next((pair for pair in pairs if pair[0] != pair[1]), (before.prompt, after.prompt))
    at = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    return Entry(before.id, str(before.origin), "changed", reason, excerpt(one, at), excerpt(other, at))


def with_texts(
    record: Record, rewrite: Callable[[str], str], *, answers: bool = True, questions: bool = True
) -> Record:
    """Return the row with every text rewritten; the same object when nothing changes. Labels stay as they are.

    `answers` False leaves what an assistant says alone, `questions` False all the rest. Rows with entities keep their
    text: their places are counted in it.
    """
    if record.spans is not None:
        return record

    def said(message: Message) -> Message:
        if not (answers if message.role == "assistant" else questions):
            return message
        content, thinking = rewrite(message.content), rewrite(message.thinking) if message.thinking else ""
        if content == message.content and thinking == message.thinking:
            return message
        return replace(message, content=content, thinking=thinking)

    new = replace(
        record,
        messages=tuple(map(said, record.messages)),
        chosen=tuple(map(said, record.chosen)),
        rejected=tuple(map(said, record.rejected)),
        text=rewrite(record.text) if record.text is not None and questions else record.text,
        parts={name: rewrite(part) for name, part in record.parts.items()} if questions else record.parts,
        steps=tuple((rewrite(step), right) for step, right in record.steps) if answers else record.steps,
    )
    return record if new == record else new


def _texts(record: Record) -> Iterator[str]:
    for message in (*record.messages, *record.chosen, *record.rejected):
        yield message.content
    yield record.text or ""
    yield record.label or ""
    yield str(record.labels or "")
