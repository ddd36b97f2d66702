"""Words and their tags: tokens, ner_tags (O, B-PER, I-PER; also BIOES and BMES)."""

import re
from collections.abc import Sequence
from itertools import pairwise

from taskfit.core.example import Message
from taskfit.core.target import Span
from taskfit.core.text import Text
from taskfit.data.cells import Fields, one_of
from taskfit.data.conversation import json_inside
from taskfit.data.pieces import one_question
from taskfit.data.record import Record, kinds_of
from taskfit.data.shape import row
from taskfit.data.tagged import TAGS, WORDS, tagged_words
from taskfit.data.words_of import join
from taskfit.data.wrong import Wrong

ABOUT = Text("words and their BIO tags", "词与 BIO 标记")
HOLDS = frozenset(("spans", "labels", "messages"))
ROW = {"tokens": ["Ada", "lives", "in", "Bath"], "ner_tags": ["B-PER", "O", "O", "B-LOC"]}
KEPT = "tokens"
PIECE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    words = next((name for name in WORDS if name in fields), None)
    tags = next((name for name in TAGS if name in fields and name != words), None)
    return 1.0 if words is not None and tags is not None else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record; its words are kept where cutting the text would give others."""
    words = one_of(fields, WORDS)
    tags = one_of(fields, tuple(name for name in TAGS if name != words))
    found = tagged_words(json_inside(fields[words], words), json_inside(fields[tags], tags), (words, tags))
    kept = {} if _cut(found.text, found.spans) == list(found.words) else {KEPT: list(found.words)}
    return row(messages=(Message("user", found.text),), spans=found.spans, labels=kinds_of(found.spans), extra=kept)


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record; raise Wrong where the entities are not made of whole words."""
    text, kept = one_question(record.messages), record.extra.get(KEPT)
    if record.spans is None:
        raise Wrong(Text("it names no entities", "没有实体标注"))
    own = isinstance(kept, list) and all(isinstance(one, str) for one in kept)
    words = [str(one) for one in kept] if own and isinstance(kept, list) else _cut(text, record.spans)
    if not words or join(words).text != text:
        raise Wrong(Text("its text is not made again of words and spaces", "无法由词与空格还原文本"))
    return {"tokens": words, "ner_tags": _tags(words, record.spans)}


def _cut(text: str, spans: Sequence[Span]) -> list[str]:
    """Return the words of a text: cut at spaces, around every Chinese character, and at both ends of an entity."""
    cuts = sorted({0, len(text), *(place for span in spans for place in (span.start, span.end))})
    return [word for start, end in pairwise(cuts) for word in PIECE.findall(text[start:end])]


def _tags(words: Sequence[str], spans: Sequence[Span]) -> list[str]:
    joined = join(words)
    tags = ["O"] * len(words)
    for span in spans:
        inside = [place for place, start in enumerate(joined.starts) if span.start <= start < span.end]
        fits = inside and joined.starts[inside[0]] == span.start and joined.ends[inside[-1]] == span.end
        if not fits or any(tags[place] != "O" for place in inside):
            raise Wrong(Text("entities overlap, or end inside a word", "实体互相重叠，或在词的中间断开"))
        for place in inside:
            tags[place] = f"{'B' if place == inside[0] else 'I'}-{span.label}"
    return tags
