"""Rows in which one text becomes another (a summary, a translation)."""

from collections.abc import Mapping

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed, needed_words
from taskfit.data.pieces import one_question, single_answer
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.wrong import Wrong


def read_rewriting(
    fields: Fields, source: str, target: str, *, part: str, about: Mapping[str, str] | None = None
) -> Record:
    """Return the row as a record; its question is the first text, named `part`."""
    asked, told = needed(fields, source), needed_words(fields, target)
    return row(
        messages=(Message("user", asked), Message("assistant", told)), parts={part: asked}, about=dict(about or {})
    )


def rewriting_of(record: Record, part: str) -> tuple[str, str]:
    """Return both texts of a record; raise Wrong when it is no such row."""
    answer, asked = single_answer(record), one_question(record.messages[:-1])
    if record.parts.get(part) != asked:
        raise Wrong(Text(f"it has no '{part}'", f"没有 '{part}'"))
    return asked, answer.content
