"""Liked or not (ms-swift, LLaMA-Factory's demo): messages that end with the answer, label true or false."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields
from taskfit.data.liked import liked
from taskfit.data.llamafactory_tags import OPENAI_TAGS
from taskfit.data.pieces import MESSAGES, of_kind, split_answer
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.talks import openai_messages, roles_in, talk_in, tools_as_objects, tools_in

ABOUT = Text("ms-swift KTO: messages, label", "ms-swift 的 KTO 数据：messages、label")
HOLDS = frozenset((*MESSAGES, "chosen", "verdict", "tools"))
DATASET = {
    "formatting": "sharegpt",
    "columns": {"messages": "messages", "kto_tag": "label", "tools": "tools"},
    "tags": OPENAI_TAGS,
}
ROW = {
    "messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}],
    "label": True,
}


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    label = fields.get("label")
    told = isinstance(label, bool) or str(label).strip().casefold() in ("true", "false")
    return 1.0 if told and roles_in(fields, "messages") else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    prompt, answer = split_answer(talk_in(fields, "messages"))
    return row(messages=prompt, chosen=answer, verdict=liked(fields.get("label"), "label"), tools=tools_in(fields))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    whole = (*of_kind(record, "rated").messages, *record.chosen)
    split_answer(whole)
    told: dict[str, object] = {"messages": openai_messages(whole), "label": record.verdict}
    return {**told, "tools": tools_as_objects(record.tools)} if record.tools else told
