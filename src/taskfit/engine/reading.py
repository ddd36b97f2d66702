"""Texts as training rows, and rows of a stated length, with everything told that was done to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskfit.core.errors import DataError, Finding, ModelError
from taskfit.core.example import Example, Message
from taskfit.core.text import Text
from taskfit.engine.talk import TalkRows, TalkRule, rows_of_talk, text_row
from taskfit.engine.truncate import TooLong, fit_rows
from taskfit.model.local import LocalModel


@dataclass(frozen=True)
class Length:
    """How many tokens a row may have (None: what the model reads), and what happens to longer ones."""

    most: int | None = None
    too_long: TooLong = "refuse"


def text_rows(model: LocalModel, examples: Sequence[Example], told: Callable[[int], None]) -> TalkRows:
    """Return rows of which every token is learned: plain texts, and conversations as the model reads them.

    Raises DataError with every row that the chat template cannot write.
    """
    rows: list[Any] = []
    notes: dict[Text, list[str]] = {}
    broken: list[Finding] = []
    for done, example in enumerate(examples):
        told(done)
        origin = str(example.origin)
        if example.target is None and len(example.messages) == 1:
            rows.append(text_row(model, example.text, origin))
            continue
        said = () if example.target is None else (Message("assistant", example.target),)
        try:
            found = rows_of_talk(
                model, [*example.messages, *said], TalkRule(learn="all"), tools=example.tools, origin=origin
            )
        except ModelError as problem:
            broken += [Finding(origin, one.what, one.todo) for one in problem.findings]
            continue
        rows += found.rows
        for note in found.notes:
            notes.setdefault(note, []).append(origin)
    if broken:
        raise DataError(broken)
    return TalkRows(tuple(rows), 0, {note: tuple(places) for note, places in notes.items()})


def of_length(model: LocalModel, rows: TalkRows, length: Length) -> TalkRows:
    """Return the rows that fit, and what was done to the others; raise DataError where the policy is to refuse."""
    limit = min(model.card.context, length.most or model.card.context)
    fitted = fit_rows(rows.rows, limit, length.too_long, start_token=model.tokenizer.bos_token_id)
    return TalkRows(fitted.rows, rows.answers, {**rows.notes, **fitted.notes})


def sentences_of(notes: Mapping[Text, tuple[str, ...]]) -> tuple[Text, ...]:
    """Return what was done to rows as remarks for a report."""
    return tuple(
        Text(
            f"{len(places)} rows (the first: {places[0]}): {note.en}",
            f"{len(places)} 行（第一处：{places[0]}）：{note.zh}",
        )
        for note, places in notes.items()
    )
