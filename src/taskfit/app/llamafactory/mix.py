"""The datasets of a run: read, understood row by row, mixed, divided into train and dev. No row gets lost unseen."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taskfit.app.llamafactory.dataset_info import Entry, read_entries
from taskfit.app.llamafactory.roles import roles_of
from taskfit.app.llamafactory.rows_settings import DatasetRows
from taskfit.app.llamafactory.tables import read_table
from taskfit.app.llamafactory.understood import row_of
from taskfit.core.errors import SHOWN_FINDINGS, DataError, Finding
from taskfit.core.example import Example, Message, Practice
from taskfit.core.text import Text
from taskfit.data.read import ListedRow
from taskfit.data.rows import BadRow

PLACEHOLDERS = ("{{name}}", "{{author}}")


@dataclass(frozen=True)
class DatasetFacts:
    """What came of one dataset: rows looked at = used + listed, and what there is to say about it."""

    name: str
    rows: int
    used: int
    listed: int
    remarks: tuple[Text, ...]


@dataclass(frozen=True)
class DatasetReading:
    """The rows to train and measure on, those not used with their reasons, and the facts of each dataset."""

    practice: Practice
    listed: tuple[ListedRow, ...]
    facts: tuple[DatasetFacts, ...]


@dataclass(frozen=True)
class _Read:
    examples: tuple[Example, ...]
    listed: tuple[ListedRow, ...]
    facts: DatasetFacts


def read_datasets(settings: DatasetRows, *, seed: int) -> DatasetReading:
    """Return the rows of all datasets; raise DataError with every problem of the entries, or when no row is left."""
    folder = Path(settings.folder)
    names = tuple(dict.fromkeys((*settings.names, *settings.dev)))
    entries = {entry.name: entry for entry in read_entries(folder, names)}
    read: dict[str, _Read] = {}
    wrong: list[Finding] = []
    for name in names:
        try:
            read[name] = _read(entries[name], folder, settings, seed)
        except DataError as problem:
            wrong += problem.findings
    if wrong:
        raise DataError(wrong)
    mixed = list(_mix([read[name].examples for name in settings.names], settings, seed))
    dev = tuple(example for name in settings.dev for example in read[name].examples)
    practice = Practice(tuple(_told_apart(mixed)), dev)
    if settings.dev_size:
        practice = _divide(practice.train, settings.dev_size, seed)
    practice = Practice(practice.train, tuple(_as_talk(example) for example in practice.dev))
    listed = tuple(row for name in names for row in read[name].listed)
    return DatasetReading(practice, listed, tuple(read[name].facts for name in names))


def _read(entry: Entry, folder: Path, settings: DatasetRows, seed: int) -> _Read:
    table = read_table(entry, folder, most=settings.most, seed=seed, online=settings.online)
    roles = roles_of(entry, table.columns, plain_text=settings.plain_text)
    examples: list[Example] = []
    listed: list[ListedRow] = []
    seen: dict[str, int] = {}
    for placed in table.rows:
        if isinstance(placed.row, BadRow):
            listed.append(ListedRow(placed.file, placed.row.line, placed.row.reason, placed.row.excerpt, "broken"))
            continue
        meant = row_of(placed, entry, roles, settings)
        if isinstance(meant, ListedRow):
            listed.append(meant)
            continue
        number = seen[meant.id] = seen.get(meant.id, 0) + 1  # several objects may stand in one line
        examples.append(meant if number == 1 else replace(meant, id=f"{meant.id}#{number}"))
    if not examples:
        head = Finding(
            entry.where,
            Text(f"none of the {len(table.rows)} rows can be used", f"{len(table.rows)} 行中没有一行可用"),
        )
        raise DataError([head, *(row.finding for row in listed[: SHOWN_FINDINGS - 1])])
    remarks = (*entry.remarks, *roles.remarks, *table.remarks, *_placeholders(examples))
    facts = DatasetFacts(entry.name, len(table.rows), len(examples), len(listed), remarks)
    return _Read(tuple(examples), tuple(listed), facts)


def _placeholders(examples: Sequence[Example]) -> tuple[Text, ...]:
    """Tell of rows in which a name has still to be put, as in LLaMA-Factory's identity.json."""
    count = sum(any(mark in _all_text(example) for mark in PLACEHOLDERS) for example in examples)
    if not count:
        return ()
    marks = " / ".join(PLACEHOLDERS)
    return (
        Text(
            f"{count} rows hold {marks}, which somebody has to replace by a name first; they are learned as they stand",
            f"{count} 行含有 {marks}，本应先替换为名称；目前会原样学习",
        ),
    )


def _all_text(example: Example) -> str:
    return "\n".join([*(message.content for message in example.messages), example.target or ""])


def _mix(parts: Sequence[tuple[Example, ...]], settings: DatasetRows, seed: int) -> Iterator[Example]:
    """Yield the rows of all datasets in the order that the mixing asks for."""
    if settings.mix == "concat":
        for part in parts:
            yield from part
        return
    dice = random.Random(seed)
    places = [0] * len(parts)
    ended = [False] * len(parts)
    turn = -1
    while True:
        turn = dice.choices(range(len(parts)), settings.shares)[0] if settings.shares else (turn + 1) % len(parts)
        if settings.mix == "interleave_once" and ended[turn]:
            continue  # its rows are used up: another one is drawn
        yield parts[turn][places[turn] % len(parts[turn])]
        places[turn] += 1
        ended[turn] = ended[turn] or places[turn] >= len(parts[turn])
        round_ends = bool(settings.shares) or settings.mix == "interleave_once" or turn == len(parts) - 1
        if round_ends and (all(ended) or (settings.mix == "interleave_under" and any(ended))):
            return


def _told_apart(examples: Sequence[Example]) -> Iterator[Example]:
    """Give a row that is taken several times an id of its own each time."""
    times: dict[str, int] = {}
    for example in examples:
        number = times[example.id] = times.get(example.id, 0) + 1
        yield example if number == 1 else replace(example, id=f"{example.id}~{number}")


def _divide(examples: Sequence[Example], size: float, seed: int) -> Practice:
    """Keep some rows apart by the seed; a row that was taken several times is measured on once and not trained on."""
    kinds = list(dict.fromkeys(_source(example) for example in examples))
    count = int(size) if size >= 1 else math.ceil(size * len(kinds))
    if count >= len(kinds):
        raise DataError(
            Text(
                f"{count} rows to measure on leave none of {len(kinds)} to train on",
                f"共 {len(kinds)} 行，留出 {count} 行评估后没有可训练的行",
            ),
            todo=Text("make 'val_size' smaller", "请调小 'val_size'"),
        )
    chosen = set(random.Random(seed).sample(kinds, count))
    train = tuple(example for example in examples if _source(example) not in chosen)
    dev = tuple(example for example in examples if _source(example) in chosen and example.id == _source(example))
    return Practice(train, dev)


def _as_talk(example: Example) -> Example:
    """Return a row to measure on with its answer in the conversation: what is measured is then the loss, as there."""
    if example.target is None:
        return example
    return replace(example, messages=(*example.messages, Message("assistant", example.target)), target=None)


def _source(example: Example) -> str:
    return example.id.partition("~")[0]
