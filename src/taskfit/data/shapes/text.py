"""Plain text (pre-training): text, one document a row."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed, one_of
from taskfit.data.pieces import of_kind
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row

ABOUT = Text("plain text, one document a row", "纯文本，每行一篇")
HOLDS = frozenset(("text",))
DATASET = {"columns": {"prompt": "text"}}
ROW = {"text": "Snow is white. Grass is green."}
TEXTS = ("text", "content")
OTHERS = (
    *("label", "labels", "category", "class", "intent", "entities", "spans", "summary", "instruction", "prompt"),
    *(
        "answer",
        "output",
        "response",
        "completion",
        "question",
        "messages",
        "conversations",
        "text2",
        "tags",
        "sentiment",
    ),
)


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    if any(name in fields for name in OTHERS):
        return 0.0
    return 1.0 if "text" in fields else SOFT if "content" in fields else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    return row(text=needed(fields, one_of(fields, TEXTS)))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    return {"text": of_kind(record, "text").text}
