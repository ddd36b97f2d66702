"""Translating: translation {en: ..., zh: ...}, or source and target (also src, tgt)."""

from collections.abc import Mapping

from taskfit.core.text import Text
from taskfit.data.cells import Fields, one_of
from taskfit.data.conversation import json_inside
from taskfit.data.record import Record
from taskfit.data.rewriting import read_rewriting, rewriting_of
from taskfit.data.shape import SOFT
from taskfit.data.wrong import Wrong, kind_of

ABOUT = Text("a text and its translation", "原文与译文")
HOLDS = frozenset(("messages", "parts.source", "about.source_lang", "about.target_lang"))
ROW = {"translation": {"en": "snow", "zh": "雪"}}
SOURCES, TARGETS = ("source", "src", "source_text"), ("target", "tgt", "target_text")
LANGUAGES = ("source_lang", "target_lang")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    if "translation" in fields:
        return 1.0 if isinstance(fields["translation"], Mapping) or str(fields["translation"]).startswith("{") else 0.0
    if any(name in fields for name in ("text", "instruction", "messages", "label")):
        return 0.0
    both = any(name in fields for name in SOURCES) and any(name in fields for name in TARGETS)
    return 1.0 if both and ("src" in fields or "source" in fields) else SOFT if both else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record; the first language is the one that is translated."""
    if "translation" not in fields:
        about = {name: str(fields[name]) for name in LANGUAGES if isinstance(fields.get(name), str)}
        return read_rewriting(fields, one_of(fields, SOURCES), one_of(fields, TARGETS), part="source", about=about)
    pair = json_inside(fields["translation"], "translation")
    if not isinstance(pair, Mapping) or len(pair) != 2:
        raise Wrong(kind_of("translation", pair, Text("an object of two languages", "含两种语言的对象")))
    inner = {str(name): value for name, value in pair.items()}
    first, second = inner
    return read_rewriting(inner, first, second, part="source", about={LANGUAGES[0]: first, LANGUAGES[1]: second})


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    source, target = rewriting_of(record, "source")
    first, second = (record.about.get(name) for name in LANGUAGES)
    if first and second and first != second:
        return {"translation": {first: source, second: target}}
    said: dict[str, object] = {"source": source, "target": target}
    return {**said, **{name: record.about[name] for name in LANGUAGES if name in record.about}}
