"""Alpaca: instruction, input, output; also system and history (pairs of question and answer)."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, first_of, needed_words, one_of
from taskfit.data.columns import Columns
from taskfit.data.instruction import answered, asked_of, with_thought
from taskfit.data.pieces import instructed, single_answer
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row

ABOUT = Text(
    "Alpaca: instruction, input, output, system, history",
    "Alpaca 指令数据：instruction、input、output、system、history",
)
HOLDS = frozenset(("messages", "messages.thinking", "parts.instruction", "parts.input"))
TEXTS = ("instruction", "input", "output", "system")
DATASET = {
    "columns": {
        "prompt": "instruction",
        "query": "input",
        "response": "output",
        "system": "system",
        "history": "history",
    }
}
ROW = {"instruction": "Name the colour.", "input": "snow", "output": "white"}
INPUTS, OUTPUTS = ("input", "context"), ("output", "response", "answer")
OTHERS = ("chosen", "rejected", "kto_tag", "instances", "completions", "query")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    if "instruction" not in fields or any(name in fields for name in OTHERS):
        return 0.0
    if "output" in fields:
        return 1.0
    return SOFT if first_of(fields, OUTPUTS) or "input" in fields else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    given, told = first_of(fields, INPUTS), one_of(fields, OUTPUTS)
    asked = asked_of(fields, Columns(instruction="instruction", input=given, system="system", history="history"))
    answer = answered(needed_words(fields, told))
    return row(messages=(*asked.messages, answer), parts=asked.parts)


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    answer = single_answer(record)
    return {**instructed(record, record.messages[:-1]), "output": with_thought(answer)}
