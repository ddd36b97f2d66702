"""Summarising: document (also article, dialogue, text) and summary (also highlights)."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, one_of
from taskfit.data.record import Record
from taskfit.data.rewriting import read_rewriting, rewriting_of
from taskfit.data.shape import SOFT

ABOUT = Text("a document and its summary", "文档与摘要")
HOLDS = frozenset(("messages", "parts.document"))
TEXTS = ("document", "summary")
ROW = {"document": "Snow fell all day. It was white.", "summary": "It snowed."}
DOCUMENTS, SUMMARIES = ("document", "article", "dialogue", "text", "content", "正文"), ("summary", "highlights", "摘要")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    if not any(name in fields for name in SUMMARIES) or not any(name in fields for name in DOCUMENTS):
        return 0.0
    return 0.0 if "instruction" in fields or "messages" in fields else 1.0 if "label" not in fields else SOFT


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    return read_rewriting(fields, one_of(fields, DOCUMENTS), one_of(fields, SUMMARIES), part="document")


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    document, summary = rewriting_of(record, "document")
    return {"document": document, "summary": summary}
