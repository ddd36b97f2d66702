"""What a check found in rows: how bad it is, how many rows, by which rule, where the first ones are, what to do."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from taskfit.core.errors import DataError, Finding
from taskfit.core.example import Example, Origin
from taskfit.core.text import Text
from taskfit.data.read import FileFacts, ListedRow
from taskfit.data.record import Record

Severity = Literal["block", "warn", "info"]
Fix = Mapping[str, Mapping[str, object]]

SEVERITIES: tuple[Severity, ...] = ("block", "warn", "info")
SHOWN = 20
KEPT = 1000
EXCERPT = 100
NOTHING = Text("", "")
STEP, REVIEW, COLLECT = 1, 3, 10
"""Efforts of a fix: a recipe step does it; a person looks at the rows; rows must be collected or made anew."""


@dataclass(frozen=True)
class Spot:
    """One row that shows what was found: where it stands (file:line), some words of it, its id."""

    place: str
    excerpt: str = ""
    id: str = ""

    def __str__(self) -> str:
        return self.place


@dataclass(frozen=True)
class RowFinding:
    """One kind of trouble: `block` stops a run unless the user overrides it; `examples` are the first rows that show it.

    `rule` says exactly, with its numbers, when this is found. `fix` is a step of a recipe, e.g.
    `{"drop_duplicates": {"similar": 0.8}}`; None where no step can do it. `count` is what the sentence counts, `rows`
    how many rows it touches (left out: `count`), `share` their share of all rows (the runner fills it in). `effort`
    is what the fix costs a person: STEP, REVIEW or COLLECT.
    """

    id: str
    severity: Severity
    what: Text
    count: int
    examples: tuple[Spot, ...] = ()
    rule: Text = NOTHING
    fix: Fix | None = None
    effort: int = REVIEW
    rows: int | None = None
    share: float = 0.0
    check: str = ""

    @property
    def places(self) -> tuple[str, ...]:
        """Where the examples stand, as file:line."""
        return tuple(one.place for one in self.examples)

    @property
    def touched(self) -> int:
        """How many rows it touches."""
        return self.count if self.rows is None else self.rows

    @property
    def gain(self) -> float:
        """What mending it first brings: the rows it touches, by severity, over the effort."""
        return {"block": 100.0, "warn": 10.0, "info": 1.0}[self.severity] * max(1, self.touched) / self.effort

    @property
    def finding(self) -> Finding:
        """The finding as one line of an error."""
        more = "" if self.count <= len(self.examples[:3]) else ", ..."
        where = f" ({', '.join(self.places[:3])}{more})" if self.examples else ""
        return Finding(self.id, Text(self.what.en + where, self.what.zh + where))


@dataclass(frozen=True)
class Tally:
    """How often each of several things was seen, and the first rows that show it; two of them are added in order.

    So many rows are kept that a fix can name them by their ids; of these few are shown.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    spots: Mapping[str, tuple[Spot, ...]] = field(default_factory=dict)

    def __add__(self, after: "Tally") -> "Tally":
        counts = dict(self.counts)
        for name, count in after.counts.items():
            counts[name] = counts.get(name, 0) + count
        spots = dict(self.spots)
        for name, more in after.spots.items():
            spots[name] = (*spots.get(name, ()), *more)[:KEPT]
        return Tally(counts, spots)

    def __getitem__(self, name: str) -> int:
        return self.counts.get(name, 0)

    def shown(self, name: str) -> tuple[Spot, ...]:
        """Return the first rows that show `name`."""
        return self.spots.get(name, ())[:SHOWN]

    def drop(self, name: str) -> Fix | None:
        """Return the step that drops the rows which show `name`; None when they are too many to name."""
        kept = self.spots.get(name, ())
        return {"drop_rows": {"ids": [one.id for one in kept]}} if len(kept) == self[name] > 0 else None


@dataclass(frozen=True)
class Rows:
    """What is checked before a training: the examples, the rows not used, and the facts of the file they come from."""

    examples: tuple[Example, ...]
    listed: tuple[ListedRow, ...] = ()
    facts: FileFacts | None = None


def spot(row: Record | Example, words: str | None = None, at: int = 0) -> Spot:
    """Return where a row stands and some of its `words` (left out: what it asks) around the character `at`."""
    shown = (row.prompt if isinstance(row, Record) else row.text) if words is None else words
    return Spot(str(row.origin), excerpt(shown, at), row.id)


def spots(rows: Iterable[Record | Example]) -> tuple[Spot, ...]:
    """Return where the first rows are, and how they begin."""
    return tuple(spot(row) for row in islice(rows, SHOWN))


def spot_of_listed(row: ListedRow) -> Spot:
    """Return where a row stands that is not used."""
    return Spot(str(Origin(row.file, row.line)), row.excerpt)


def excerpt(text: str, at: int = 0, most: int = EXCERPT) -> str:
    """Return at most `most` characters around the character `at`, in one line, with dots where text is left out."""
    start = max(0, min(at - most // 3, len(text) - most))
    cut = " ".join(text[start : start + most].split())
    return f"{'…' * (start > 0)}{cut}{'…' * (start + most < len(text))}"


def counted(count: int, one: str = "row", many: str = "rows") -> str:
    """Return a number with its English noun: 1 row, 2,000 rows."""
    return f"{count:,} {one if count == 1 else many}"


def quoted(names: Sequence[str], most: int = 10) -> Text:
    """Return names in quotes, the first few of them."""
    shown = ", ".join(f"'{name}'" for name in names[:most])
    left = len(names) - most
    return Text(f"{shown} and {left} more", f"{shown} 等 {len(names)} 个") if left > 0 else Text(shown, shown)


def worst_first(findings: Iterable[RowFinding]) -> tuple[RowFinding, ...]:
    """Return findings by severity, then by the share of rows they touch."""
    return tuple(sorted(findings, key=lambda one: (SEVERITIES.index(one.severity), -one.share)))


def first_to_mend(findings: Iterable[RowFinding], most: int = 3) -> tuple[RowFinding, ...]:
    """Return what to do first: by rows touched x severity / effort; what only informs is no work."""
    work = [one for one in findings if one.severity != "info"]
    return tuple(sorted(work, key=lambda one: -one.gain)[:most])


def refuse_blocked(
    findings: Iterable[RowFinding], accepted: Collection[str] = (), listed: Iterable[ListedRow] = ()
) -> None:
    """Raise DataError with every blocking finding whose id is not among the `accepted` ones, if there is one.

    Of the `listed` rows, those of a blocking kind are told one by one, with their place and reason.
    """
    blocked = [one for one in findings if one.severity == "block" and one.id not in accepted]
    if not blocked:
        return
    names = ",".join(dict.fromkeys(one.id for one in blocked))
    todo = Text(
        f"mend the rows, or accept this with --rows.accept {names} (in a task file: rows.accept)",
        f"请修正数据，或用 --rows.accept {names} 接受（任务文件中为 rows.accept）",
    )
    rows = [row.finding for row in listed if row.kind.replace(" ", "_") in names.split(",")]
    raise DataError([*(one.finding for one in blocked), Finding("", todo), *rows])
