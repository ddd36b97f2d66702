"""Preference pairs in ShareGPT form (LLaMA-Factory, ranking): conversations, chosen and rejected as one message each."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, one_of
from taskfit.data.json_text import written_json
from taskfit.data.llamafactory_tags import SHAREGPT_TAGS
from taskfit.data.pairs import margin_in, pair_of, with_margin
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.talks import (
    one_message,
    sharegpt_messages,
    split_system,
    talk_in,
    tools_as_objects,
    tools_in,
)
from taskfit.data.wrong import Wrong

ABOUT = Text(
    "LLaMA-Factory pairs: conversations, chosen, rejected", "LLaMA-Factory 偏好对：conversations、chosen、rejected"
)
HOLDS = frozenset(("messages", "messages.thinking", "messages.calls", "chosen", "rejected", "margin", "tools"))
DATASET = {
    "formatting": "sharegpt",
    "ranking": True,
    "columns": {
        "messages": "conversations",
        "chosen": "chosen",
        "rejected": "rejected",
        "system": "system",
        "tools": "tools",
    },
    "tags": SHAREGPT_TAGS,
}
ROW = {
    "conversations": [{"from": "human", "value": "2 + 2?"}],
    "chosen": {"from": "gpt", "value": "4"},
    "rejected": {"from": "gpt", "value": "5"},
}
COLUMNS = ("conversations", "conversation", "messages")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    talk = any(name in fields for name in COLUMNS)
    return 1.0 if talk and "chosen" in fields and "rejected" in fields else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    return row(
        messages=talk_in(fields, one_of(fields, COLUMNS)),
        chosen=one_message(fields.get("chosen"), "chosen"),
        rejected=one_message(fields.get("rejected"), "rejected"),
        margin=margin_in(fields),
        tools=tools_in(fields),
    )


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    system, messages = split_system(pair_of(record).messages)
    if len(record.chosen) != 1 or len(record.rejected) != 1:
        raise Wrong(Text("an answer is more than one message", "回答不止一条消息"))
    told: dict[str, object] = {
        "conversations": sharegpt_messages(messages),
        "chosen": sharegpt_messages(record.chosen)[0],
        "rejected": sharegpt_messages(record.rejected)[0],
    }
    if system:
        told["system"] = system
    if record.tools:
        told["tools"] = written_json(tools_as_objects(record.tools))
    return with_margin(told, record)
