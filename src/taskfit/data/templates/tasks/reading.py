"""A passage, a question about it, and the answer."""

from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.templates.task import Slots, needed, parts_in, question_and_answer, talk
from taskfit.data.templates.words import Words

ABOUT = Text("answer a question about a passage", "阅读理解")
SLOTS = frozenset(("context", "question", "answer"))
SHAPE = "squad"


def slots(record: Record, words: Words) -> dict[str, str]:  # noqa: ARG001
    """Return the parts of a row."""
    context, question = parts_in(record, "context", "question")
    return {"context": context, "question": question, "answer": question_and_answer(record)[1]}


def record(slots: Slots, words: Words) -> Record:  # noqa: ARG001
    """Return the row that the parts were made of."""
    context, question = needed(slots, "context"), needed(slots, "question")
    return row(
        messages=talk(f"{context}\n{question}", needed(slots, "answer")),
        parts={"context": context, "question": question},
    )
