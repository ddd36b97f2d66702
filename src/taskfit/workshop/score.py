"""Scores of rows as a filter: what a judge, a model that is asked or one that was trained, finds good enough stays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from taskfit.data.record import Record
from taskfit.workshop.recipe import Rejected, Turn


class Scorer(Protocol):
    """Gives rows a score on a scale of its own; None where it cannot say."""

    @property
    def name(self) -> str:
        """What stands in the rows as their judge."""
        ...

    def scores(self, records: Sequence[Record], turn: Turn) -> list[float | None]:
        """Return one score per row, in order."""
        ...


@dataclass(frozen=True)
class Filter:
    """A scorer and the least score with which a row stays."""

    scorer: Scorer
    least: float


@dataclass(frozen=True)
class Judged:
    """Rows that stay, with their score in `about`, and the others with the reason."""

    rows: tuple[Record, ...]
    rejected: tuple[Rejected, ...]


def judged(records: Sequence[Record], by: Filter, turn: Turn) -> Judged:
    """Divide rows by their score."""
    kept: list[Record] = []
    rejected: list[Rejected] = []
    for record, score in zip(records, by.scorer.scores(records, turn), strict=True):
        if score is None:
            rejected.append(Rejected("no_score", said_of(record), record.about.get("parent", "")))
        elif score < by.least:
            said = {**said_of(record), "score": f"{score:g}"}
            rejected.append(Rejected("low_score", said, record.about.get("parent", "")))
        else:
            told = {"judge": by.scorer.name, "judge_score": f"{score:g}"}
            kept.append(replace(record, about={**record.about, **told}))
    return Judged(tuple(kept), tuple(rejected))


def said_of(record: Record) -> dict[str, str]:
    """Return what a row says, for the ledger."""
    said = {"prompt": record.prompt, "answer": record.answer}
    if record.rejected:
        said["rejected"] = record.rejected[-1].content
    return {name: words for name, words in said.items() if words}
