"""A text and one label."""

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.templates.task import Slots, label_in, needed, only_question
from taskfit.data.templates.words import Words

ABOUT = Text("sort texts into classes", "文本分类")
SLOTS = frozenset(("text", "answer", "choices"))
SHAPE = "classification"


def slots(record: Record, words: Words) -> dict[str, str]:
    """Return the parts of a row."""
    return {"text": only_question(record), "answer": words.word(label_in(record)), "choices": words.listed}


def record(slots: Slots, words: Words) -> Record:
    """Return the row that the parts were made of."""
    return row(messages=(Message("user", needed(slots, "text")),), label=words.name(needed(slots, "answer")))
