"""Seed tasks (self-instruct): id, name, instruction, instances [{input, output}], is_classification."""

from collections.abc import Mapping

from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed_words
from taskfit.data.columns import Columns
from taskfit.data.conversation import json_inside
from taskfit.data.instruction import answered, asked_of, with_thought
from taskfit.data.pieces import instructed, single_answer
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.wrong import Wrong, kind_of

ABOUT = Text("self-instruct: instruction, instances", "self-instruct 种子任务：instruction、instances")
HOLDS = frozenset(("messages", "messages.thinking", "parts.instruction", "parts.input"))
ROW = {
    "id": "seed_1",
    "name": "colour",
    "instruction": "Name the colour.",
    "instances": [{"input": "snow", "output": "white"}],
    "is_classification": False,
}
INSTANCES = "instances"


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    return 1.0 if "instruction" in fields and INSTANCES in fields else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record: its first instance; where there are more, all are kept beside it."""
    found = json_inside(fields.get(INSTANCES), INSTANCES)
    first = found[0] if isinstance(found, list) and found else None
    if not isinstance(first, Mapping):
        raise Wrong(kind_of(INSTANCES, found, Text("a list of objects", "对象列表")))
    inner = {"instruction": fields.get("instruction"), **{str(name): value for name, value in first.items()}}
    asked = asked_of(inner, Columns(instruction="instruction", input="input"))
    answer = answered(needed_words(inner, "output"))
    more = {INSTANCES: found} if isinstance(found, list) and len(found) > 1 else {}
    return row(messages=(*asked.messages, answer), parts=asked.parts, extra=more)


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    answer = single_answer(record)
    told = instructed(record, record.messages[:-1])
    if "system" in told or "history" in told:
        raise Wrong(Text("a system text or a history has no place here", "目标格式不能容纳 system 或历史对话"))
    first: dict[str, object] = {"input": told["input"], "output": with_thought(answer)}
    kept = record.extra.get(INSTANCES)
    more = list(kept[1:]) if isinstance(kept, list) else []
    return {"instruction": told["instruction"], INSTANCES: [first, *more]}
