"""Classification: a text and its label; several labels as a list (or a|b in `labels`); -1 = not labelled."""

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed, one_of
from taskfit.data.classes import UNLABELLED, label_of, labels_of
from taskfit.data.columns import TEXTS as TEXT_NAMES
from taskfit.data.pieces import one_question
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row
from taskfit.data.wrong import Wrong

ABOUT = Text("a text and its label or labels", "文本与标签（可多个）")
HOLDS = frozenset(("messages", "label", "labels"))
ROW = {"text": "lovely food", "label": "positive"}
# A field `label` is a class; answers, outputs and summaries are something to write.
LABELS = (
    *(
        "label",
        "labels",
        "category",
        "categories",
        "class",
        "classes",
        "intent",
        "sentiment",
        "star",
        "stars",
        "rating",
    ),
    *(
        "topic",
        "topics",
        "label_text",
        "polarity",
        "tag",
        "tags",
        "target",
        "标签",
        "类别",
        "分类",
        "情感",
        "意图",
        "星级",
    ),
)
USUAL = frozenset(("text", "sentence", "content", "review", "文本", "内容"))
OTHERS = (
    *("messages", "conversations", "prompt", "completion", "chosen", "rejected", "premise", "hypothesis", "entities"),
    *("tokens", "words", "context", "choices", "sentence2", "text2", "text_b", "spans", "output", "response"),
)


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    if any(name in fields for name in OTHERS):
        return 0.0
    text = next((name for name in TEXT_NAMES if name in fields), None)
    label = next((name for name in LABELS if name in fields and name != text), None)
    if text is None or label is None or _holds_objects(fields[label]):
        return 0.0
    return 1.0 if text in USUAL or label == "label" else SOFT


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    text = one_of(fields, TEXT_NAMES)
    column = one_of(fields, tuple(name for name in LABELS if name != text))
    messages = (Message("user", needed(fields, text)),)
    several = labels_of(fields.get(column), column)
    if several is not None:
        return row(messages=messages, labels=several)
    return row(messages=messages, label=label_of(fields, column))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record; a row without a label gets the label -1."""
    text = one_question(record.messages)
    if record.kind not in ("labelled", "prompt") or record.spans is not None:
        raise Wrong(Text("it has no label", "没有标签"))
    if record.labels is not None:
        return {"text": text, "labels": list(record.labels)}
    return {"text": text, "label": UNLABELLED if record.label is None else record.label}


def _holds_objects(value: object) -> bool:
    if isinstance(value, str):
        return value.startswith("[{")
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, (dict, list)) for one in value))
