"""Labelled rows become instruction rows: templates dealt evenly by a seed, each row checked for its way back."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import PLACEHOLDERS
from taskfit.data.record import Record
from taskfit.data.step import Entry, dropped
from taskfit.data.templates.foreign import Order, render
from taskfit.data.templates.task import Slots, TemplateTask
from taskfit.data.templates.template import Template
from taskfit.data.templates.words import Words
from taskfit.data.wrong import Wrong

ONE_WAY = " (one way)"
"""Stands behind the name of a template where what it said of this row cannot be read back."""
KEPT = "of_source"
"""The field in which an instruction row keeps what else its source row held."""
STRIDE = 500
OWN_ABOUT = ("template", "parent")


@dataclass(frozen=True)
class Built:
    """The instruction rows, and an entry for every source row of which none was made."""

    records: tuple[Record, ...]
    entries: tuple[Entry, ...]
    used: Mapping[str, int] = field(default_factory=dict)

    @property
    def one_way(self) -> int:
        """How many instruction rows cannot be turned back."""
        return sum(record.about["template"].endswith(ONE_WAY) for record in self.records)


@dataclass(frozen=True)
class Deal:
    """One template for one row."""

    source: Record
    template: Template
    slots: Slots
    back: bool


@dataclass(frozen=True)
class Deck:
    """Templates of one language, and the words they say for labels."""

    words: Words
    templates: tuple[Template, ...]


def build(
    records: Sequence[Record],
    task: TemplateTask,
    decks: Sequence[Deck],
    *,
    per_row: int | None = 1,
    seed: int = 0,
    told: Callable[[int], None] = lambda done: None,  # noqa: ARG005
) -> Built:
    """Return `per_row` instruction rows of each row and deck (None: one by each template of it).

    In each deck, templates are dealt so that all are used equally often, at random by the seed; one from which a row
    can be read back goes before one from which it cannot. `told` hears how many rows are done.
    """
    used: Counter[str] = Counter()
    entries: list[Entry] = []
    dealt: list[Deal] = []
    draw = random.Random(seed)
    for number, source in enumerate(records):
        if number % STRIDE == 0:
            told(number)
        try:
            dealt += [
                one
                for deck in decks
                for one in _hand(source, task, deck, _Dealing(per_row or len(deck.templates), used, draw))
            ]
        except Wrong as wrong:
            entries.append(dropped(source, wrong.reason))
    made, silent = _made(dealt, task, decks)
    built = {one.about["parent"] for one in made}
    entries += [dropped(source, reason) for source, reason in silent if source.id not in built]
    return Built(tuple(made), tuple(entries), used)


@dataclass(frozen=True)
class _Dealing:
    count: int
    used: Counter[str]
    draw: random.Random


def _hand(source: Record, task: TemplateTask, deck: Deck, dealing: "_Dealing") -> Iterator[Deal]:
    """Yield the templates for one row: the least used ones, those with a way back before the others."""
    words, slots = deck.words, task.slots(without_system(source), deck.words)
    order = sorted(deck.templates, key=lambda one: (dealing.used[one.name], dealing.draw.random()))
    left, later = dealing.count, list[Template]()
    for template in order:
        if not left:
            return
        if template.prompt is not None and not _comes_back(source, task, words, template, slots):
            later.append(template)
            continue
        left -= 1
        dealing.used[template.name] += 1
        yield Deal(source, template, slots, template.prompt is not None)
    for template in later[:left]:
        dealing.used[template.name] += 1
        yield Deal(source, template, slots, False)


def _comes_back(source: Record, task: TemplateTask, words: Words, template: Template, slots: Slots) -> bool:
    try:
        again = task.record(template.read(*template.say(slots)), words)
    except Wrong:
        return False
    return same_row(again, without_system(source))


def same_row(one: Record, other: Record) -> bool:
    """Whether two rows say the same: messages, label, entities, and the parts they are made of."""
    told = [(row.messages, row.label, row.spans, dict(row.parts)) for row in (one, other)]
    return told[0] == told[1]


def without_system(record: Record) -> Record:
    """Return the row without its system text, of which templates know nothing."""
    return replace(record, messages=record.messages[1:]) if record.system else record


def _made(
    dealt: Sequence[Deal], task: TemplateTask, decks: Sequence[Deck]
) -> tuple[list[Record], list[tuple[Record, Text]]]:
    """Return the instruction rows in order, and the deals for which a template of the user's had nothing to say."""
    words_of = {template.name: deck.words for deck in decks for template in deck.templates}
    orders = [
        Order(one.template, one.source, one.slots, words_of[one.template.name])
        for one in dealt
        if one.template.prompt is None
    ]
    foreign = iter(render(orders, task))
    made: list[Record] = []
    silent: list[tuple[Record, Text]] = []
    for one in dealt:
        said = one.template.say(one.slots) if one.template.prompt is not None else next(foreign)
        if isinstance(said, Text):
            silent.append((one.source, said))
        else:
            made.append(_instance(one, *said))
    return made, silent


def _instance(deal: Deal, question: str, answer: str) -> Record:
    source, template = deal.source, deal.template
    before = source.messages[:1] if source.system else ()
    parts = {}
    instruction, line_end, given = question.partition("\n")
    if template.leads and line_end and instruction.strip() and given.strip().casefold() not in ("", *PLACEHOLDERS):
        parts = {"instruction": instruction, "input": given}
    about = {name: value for name, value in source.about.items() if name not in OWN_ABOUT}
    kept = _kept(source)
    return Record(
        f"{source.id} {template.name}",
        source.origin,
        (*before, Message("user", question), Message("assistant", answer)),
        group=source.group or source.id,
        about={**about, "template": template.name + ("" if deal.back else ONE_WAY), "parent": source.id},
        extra={KEPT: kept} if kept else {},
        parts=parts,
    )


def _kept(source: Record) -> dict[str, object]:
    """Return what of a source row has no other place in an instruction row."""
    about = {name: value for name, value in source.about.items() if name in OWN_ABOUT}
    kept: dict[str, object] = {"extra": dict(source.extra)} if source.extra else {}
    if about:
        kept["about"] = about
    if source.owns_id:
        kept["own_id"] = True
    if source.group is not None and source.group == source.id:
        kept["own_group"] = True
    return kept
