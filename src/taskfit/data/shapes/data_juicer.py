"""Data-Juicer: instruction, query, response, system, history."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed_words
from taskfit.data.columns import Columns
from taskfit.data.instruction import answered, asked_of, with_thought
from taskfit.data.pieces import instructed, single_answer
from taskfit.data.record import Record
from taskfit.data.shape import row

ABOUT = Text(
    "Data-Juicer: instruction, query, response, system, history",
    "Data-Juicer 字段：instruction、query、response、system、history",
)
HOLDS = frozenset(("messages", "messages.thinking", "parts.instruction", "parts.input"))
TEXTS = ("instruction", "query", "response", "system")
ROW = {"instruction": "Name the colour.", "query": "snow", "response": "white"}
NAMES = {"input": "query"}


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    return 1.0 if all(name in fields for name in ("instruction", "query", "response")) else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    asked = asked_of(fields, Columns(instruction="instruction", input="query", system="system", history="history"))
    return row(messages=(*asked.messages, answered(needed_words(fields, "response"))), parts=asked.parts)


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    answer = single_answer(record)
    told = instructed(record, record.messages[:-1])
    return {**{NAMES.get(name, name): value for name, value in told.items()}, "response": with_thought(answer)}
