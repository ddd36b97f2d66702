"""Entities marked where they stand: the text again, with `<person>Ada</person>` around each."""

import re
from collections.abc import Sequence

from taskfit.core.example import Message
from taskfit.core.target import Span
from taskfit.core.text import Text
from taskfit.data.record import Record, kinds_of
from taskfit.data.shape import row
from taskfit.data.templates.task import Slots, needed, only_question
from taskfit.data.templates.words import Words
from taskfit.data.wrong import Wrong

ABOUT = Text("mark the entities in a text", "实体标注")
SLOTS = frozenset(("text", "answer", "choices"))
SHAPE = "ner"

MARKED = re.compile(r"<([^<>/]+)>(.*?)</\1>", re.DOTALL)


def slots(record: Record, words: Words) -> dict[str, str]:
    """Return the parts of a row."""
    text = only_question(record)
    if record.spans is None:
        raise Wrong(Text("it names no entities", "没有实体标注"))
    return {"text": text, "answer": _marked(text, record.spans, words), "choices": words.listed}


def record(slots: Slots, words: Words) -> Record:
    """Return the row that the parts were made of: the marks are taken out of the text."""
    answer = needed(slots, "answer")
    text, end, spans = "", 0, list[Span]()
    for mark in MARKED.finditer(answer):
        text += answer[end : mark.start()]
        spans.append(Span(len(text), len(text) + len(mark[2]), words.name(mark[1])))
        text += mark[2]
        end = mark.end()
    text += answer[end:]
    if slots.get("text", text) != text:
        raise Wrong(Text("the marked text is not the text", "标注后的文本与原文不同"))
    found = tuple(sorted(spans))
    return row(messages=(Message("user", text),), spans=found, labels=kinds_of(found))


def _marked(text: str, spans: Sequence[Span], words: Words) -> str:
    said, end = "", 0
    for one in sorted(spans):
        if one.start < end:
            raise Wrong(Text("its entities overlap, which marks cannot show", "实体互相重叠，无法用标记表示"))
        word = words.word(one.label)
        said += f"{text[end : one.start]}<{word}>{text[one.start : one.end]}</{word}>"
        end = one.end
    return said + text[end:]
