"""A question and its answer, with nothing to read (closed book)."""

from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.templates.task import Slots, needed, question_and_answer, talk
from taskfit.data.templates.words import Words
from taskfit.data.wrong import Wrong

ABOUT = Text("answer a question from memory", "闭卷问答")
SLOTS = frozenset(("question", "answer"))
SHAPE = "prompt_completion"


def slots(record: Record, words: Words) -> dict[str, str]:  # noqa: ARG001
    """Return the parts of a row."""
    if record.parts:
        raise Wrong(Text("it is a question about something given", "问题附有材料，不是闭卷问答"))
    question, answer = question_and_answer(record)
    return {"question": question, "answer": answer}


def record(slots: Slots, words: Words) -> Record:  # noqa: ARG001
    """Return the row that the parts were made of."""
    return row(messages=talk(needed(slots, "question"), needed(slots, "answer")))
