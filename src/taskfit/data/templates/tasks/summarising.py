"""A document and its summary."""

from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.templates.task import Slots, needed, parts_in, question_and_answer, talk
from taskfit.data.templates.words import Words

ABOUT = Text("say a document in few words", "摘要")
SLOTS = frozenset(("document", "answer"))
SHAPE = "summary"


def slots(record: Record, words: Words) -> dict[str, str]:  # noqa: ARG001
    """Return the parts of a row."""
    (document,) = parts_in(record, "document")
    return {"document": document, "answer": question_and_answer(record)[1]}


def record(slots: Slots, words: Words) -> Record:  # noqa: ARG001
    """Return the row that the parts were made of."""
    document = needed(slots, "document")
    return row(messages=talk(document, needed(slots, "answer")), parts={"document": document})
