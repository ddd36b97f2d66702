"""Entities in a text, as a list: one a line, `Ada (person)`, in the order of the text."""

from collections.abc import Sequence

from taskfit.core.example import Message
from taskfit.core.target import Span
from taskfit.core.text import Text
from taskfit.data.record import Record, kinds_of
from taskfit.data.shape import row
from taskfit.data.templates.task import Slots, needed, only_question
from taskfit.data.templates.words import Words
from taskfit.data.wrong import Wrong

ABOUT = Text("list the entities in a text", "实体抽取")
SLOTS = frozenset(("text", "answer", "choices"))
SHAPE = "ner"


def slots(record: Record, words: Words) -> dict[str, str]:
    """Return the parts of a row."""
    text = only_question(record)
    if record.spans is None:
        raise Wrong(Text("it names no entities", "没有实体标注"))
    return {"text": text, "answer": _listed(text, record.spans, words), "choices": words.listed}


def record(slots: Slots, words: Words) -> Record:
    """Return the row that the parts were made of; each entity is sought behind the start of the one before."""
    text, answer = needed(slots, "text"), needed(slots, "answer")
    spans = tuple(sorted(set(_found(text, answer, words))))
    return row(messages=(Message("user", text),), spans=spans, labels=kinds_of(spans))


def _listed(text: str, spans: Sequence[Span], words: Words) -> str:
    opens, closes = _brackets(words)
    lines = [f"{text[one.start : one.end]}{opens}{words.word(one.label)}{closes}" for one in sorted(spans)]
    return "\n".join(lines) or words.none


def _found(text: str, answer: str, words: Words) -> list[Span]:
    opens, closes = _brackets(words)
    if answer.strip() == words.none:
        return []
    spans: list[Span] = []
    start = 0
    for line in answer.split("\n"):
        entity, opened, kind = line.rpartition(opens)
        start = text.find(entity, start)
        if not opened or not kind.endswith(closes) or not entity or start < 0:
            raise Wrong(Text(f"'{line:.60}' is no entity of the text", f"'{line:.60}' 不是文本中的实体"))
        spans.append(Span(start, start + len(entity), words.name(kind[: -len(closes)])))
        start += 1
    return spans


def _brackets(words: Words) -> tuple[str, str]:
    return ("（", "）") if words.language == "zh" else (" (", ")")
