"""Liked or not (TRL, KTO): prompt, completion, label (true or false, 1 or 0, thumbs_up ...)."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields
from taskfit.data.instruction import with_thought
from taskfit.data.liked import liked
from taskfit.data.pieces import MESSAGES, is_plain, of_kind
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.talks import openai_messages, prompt_in, told_in, tools_as_objects, tools_in

ABOUT = Text("TRL KTO: prompt, completion, label", "TRL 的 KTO 数据：prompt、completion、label")
HOLDS = frozenset((*MESSAGES, "chosen", "verdict", "tools"))
WORDS = ("prompt", "completion")
ROW = {"prompt": "2 + 2?", "completion": "4", "label": True}


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    return 1.0 if all(name in fields for name in ("prompt", "completion", "label")) else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    return row(
        messages=prompt_in(fields, "prompt"),
        chosen=told_in(fields, "completion"),
        verdict=liked(fields.get("label"), "label"),
        tools=tools_in(fields),
    )


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    prompt, told = of_kind(record, "rated").messages, record.chosen
    if is_plain(prompt, told) and not record.tools:
        return {"prompt": prompt[0].content, "completion": with_thought(told[0]), "label": record.verdict}
    said: dict[str, object] = {
        "prompt": openai_messages(prompt),
        "completion": openai_messages(told),
        "label": record.verdict,
    }
    return {**said, "tools": tools_as_objects(record.tools)} if record.tools else said
