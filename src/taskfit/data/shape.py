"""What a row format (a shape) is, and which one the rows of a file have; the files of `data/shapes/` are the shapes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, cast

from taskfit.core.catalog import Catalog
from taskfit.core.errors import DataError
from taskfit.core.example import Origin
from taskfit.core.text import Text
from taskfit.data.cells import Fields
from taskfit.data.record import Record

SHAPES = Catalog("taskfit.data.shapes", "shape")
NOWHERE = Origin("memory", 1)
SAMPLE = 1000
OWN = "taskfit"
SURE = 0.98
# What reads nearly anything is only guessed where nothing else fits as well.
SOFT = 0.99


class RowShape(Protocol):
    """What every file of `data/shapes/` offers.

    `likely` gets the fields of a row by their names in small letters: 1 typical, 0.99 possible (an unusual name, an
    answer left out), 0 not. `read` raises Wrong with field and reason. `write` raises Wrong where the row as a whole
    does not fit; what else is not in `HOLDS` (names of fields of Record, `messages.calls` for parts of messages) is
    left away. `ROW` is an example. `TEXTS` are fields that hold text, where a number or an object is written as text, `WORDS` those that hold text or messages.
    `DATASET` is the entry of LLaMA-Factory's dataset_info.json that reads such rows, where there is one.
    """

    ABOUT: Text
    HOLDS: frozenset[str]
    ROW: Mapping[str, object]

    def likely(self, fields: Fields) -> float:
        """Return how likely a row is of this shape, from 0 to 1."""
        ...

    def read(self, fields: Fields) -> Record:
        """Return the row as a record; whatever field it does not look at is kept beside it by the caller."""
        ...

    def write(self, record: Record) -> dict[str, object]:
        """Return the fields of a record, in the order in which they are written."""
        ...


@dataclass(frozen=True)
class Guess:
    """The shape of most of the rows looked at: the mean of what the rows say (0 to 1), and the next best."""

    name: str
    score: float
    next_name: str = ""
    next_score: float = 0.0
    rows: int = 0

    @property
    def margin(self) -> float:
        """How far the next best is behind."""
        return self.score - self.next_score

    @property
    def told(self) -> Text:
        """The guess as a sentence."""
        behind = f"; {self.next_name} {self.next_score:.1%}" if self.next_name else ""
        zh = f"；其次 {self.next_name} {self.next_score:.1%}" if self.next_name else ""
        return Text(
            f"{self.name}: {self.score:.1%} of {self.rows:,} rows looked at{behind}",
            f"{self.name}：查看的 {self.rows:,} 行中 {self.score:.1%} 符合{zh}",
        )


def shape_named(name: str) -> RowShape:
    """Return the shape `name`; raise UsageError when there is none."""
    return cast(RowShape, SHAPES.module(name))


def row(**said: Any) -> Record:
    """Return a record that does not know yet where it stands."""
    return Record("", NOWHERE, **said)


def folded(fields: Fields) -> Fields:
    """Return the fields by their names in small letters without blanks around; the first of two equal names counts."""
    if all(name == name.strip().casefold() for name in fields):
        return fields
    found: dict[str, object] = {}
    for name, value in fields.items():
        found.setdefault(name.strip().casefold(), value)
    return found


def ranking(rows: Iterable[Fields]) -> tuple[tuple[str, float], ...]:
    """Return all shapes with the mean of what up to a thousand rows say of each, the best first."""
    sample = [folded(fields) for fields in islice(rows, SAMPLE)]
    shapes = {name: shape_named(name) for name in SHAPES.names()}
    # Rows in taskfit's own form say so themselves, whatever else they may look like.
    scores = {
        name: _mean(shape.likely(one) if OWN not in one or name == "record" else 0.0 for one in sample)
        for name, shape in shapes.items()
    }
    return tuple(sorted(scores.items(), key=lambda item: (-item[1], item[0])))


def guess_shape(rows: Iterable[Fields], *, where: str, columns: Sequence[str] = ()) -> Guess:
    """Return the shape that the rows have; raise DataError, with what they could be, when that is not sure."""
    sample = list(islice(rows, SAMPLE))
    (name, score), (other, behind), *_ = ranking(sample)
    guess = Guess(name, score, other if behind else "", behind, len(sample))
    if score < SURE:
        raise _unsure(guess, where, columns)
    return guess


def _mean(scores: Iterator[float]) -> float:
    found = list(scores)
    return sum(found) / len(found) if found else 0.0


def _unsure(guess: Guess, where: str, columns: Sequence[str]) -> DataError:
    listed = ", ".join(f"'{name}'" for name in columns[:20])
    best = (
        Text(f"; the best guess is {guess.told.en}", f"；最接近的是 {guess.told.zh}") if guess.score else Text("", "")
    )
    return DataError(
        Text(
            f"it is not clear what these rows are{best.en}; their fields are {listed}",
            f"无法确定这些行的格式{best.zh}；字段有 {listed}",
        ),
        where=where,
        todo=Text(
            "say it: --shape NAME (`taskfit formats` lists them), or name the fields: --map NEW=OLD (--map text=body)",
            "请指明：--shape 名称（taskfit formats 可查看），或给字段改名：--map 新名=旧名（如 --map text=body）",
        ),
    )
