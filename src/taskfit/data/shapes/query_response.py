"""Query and response (ms-swift): query, response, system, history; also question and answer, problem and solution."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed_words, one_of
from taskfit.data.columns import Columns
from taskfit.data.instruction import answered, asked_of, with_thought
from taskfit.data.pieces import single_answer, system_and_turns
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row

ABOUT = Text("ms-swift: query, response, system, history", "ms-swift 问答：query、response、system、history")
HOLDS = frozenset(("messages", "messages.thinking"))
TEXTS = ("query", "response", "system")
ROW = {"query": "2 + 2?", "response": "4"}
QUERIES = ("query", "question", "problem", "prompt")
RESPONSES = ("response", "answer", "solution", "output", "target")
OTHERS = ("instruction", "chosen", "rejected", "rejected_response", "label", "choices", "options", "context", "a")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    if any(name in fields for name in OTHERS):
        return 0.0
    if "query" in fields and "response" in fields:
        return 1.0
    asked = any(name in fields for name in QUERIES[:3])
    told = any(isinstance(fields.get(name), str) for name in RESPONSES)
    return SOFT if (asked or ("prompt" in fields and "response" in fields)) and told else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    query, response = one_of(fields, QUERIES), one_of(fields, RESPONSES)
    asked = asked_of(fields, Columns(instruction=query, system="system", history="history"))
    return row(messages=(*asked.messages, answered(needed_words(fields, response))))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    answer = single_answer(record)
    system, history, question = system_and_turns(record.messages[:-1])
    told: dict[str, object] = {"system": system} if system else {}
    told |= {"query": question, "response": with_thought(answer)}
    return {**told, "history": [list(pair) for pair in history]} if history else told
