"""Liked or not (LLaMA-Factory): conversations that end with the answer, kto_tag true or false."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, one_of
from taskfit.data.json_text import written_json
from taskfit.data.liked import liked
from taskfit.data.llamafactory_tags import SHAREGPT_TAGS
from taskfit.data.pieces import of_kind, split_answer
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.talks import sharegpt_messages, split_system, talk_in, tools_as_objects, tools_in

ABOUT = Text("LLaMA-Factory KTO: conversations, kto_tag", "LLaMA-Factory 的 KTO 数据：conversations、kto_tag")
HOLDS = frozenset(("messages", "messages.thinking", "messages.calls", "chosen", "verdict", "tools"))
DATASET = {
    "formatting": "sharegpt",
    "columns": {"messages": "conversations", "kto_tag": "kto_tag", "system": "system", "tools": "tools"},
    "tags": SHAREGPT_TAGS,
}
ROW = {
    "conversations": [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "4"}],
    "kto_tag": True,
}
COLUMNS = ("conversations", "conversation", "messages")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    return 1.0 if "kto_tag" in fields and any(name in fields for name in COLUMNS) else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    prompt, answer = split_answer(talk_in(fields, one_of(fields, COLUMNS)))
    return row(messages=prompt, chosen=answer, verdict=liked(fields.get("kto_tag"), "kto_tag"), tools=tools_in(fields))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    system, messages = split_system((*of_kind(record, "rated").messages, *record.chosen))
    split_answer(messages)
    told: dict[str, object] = {"conversations": sharegpt_messages(messages), "kto_tag": record.verdict}
    if system:
        told["system"] = system
    if record.tools:
        told["tools"] = written_json(tools_as_objects(record.tools))
    return told
