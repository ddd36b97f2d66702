"""The world as a source of training rows: documents, conversations, and text for a tokenizer."""

import re
from collections.abc import Iterator
from typing import Literal

from taskfit.core.example import Example, Message, Origin
from taskfit.data.world.dialogues import conversation, drill, lesson
from taskfit.data.world.documents import document
from taskfit.data.world.words import (
    ALL_LABELS,
    ALL_THINGS,
    BAD,
    DAYS,
    GOOD,
    JOBS,
    KINDS,
    PEOPLE,
    TOWNS,
)

Genre = Literal["documents", "drills", "lessons", "conversations"]
WORD_BORDER = "\u200b"
_WORDS = (*ALL_THINGS, *ALL_LABELS, *TOWNS, *PEOPLE, *JOBS, *DAYS, *GOOD, *BAD, *KINDS.values())
_CHINESE = re.compile("|".join(sorted((re.escape(word.zh) for word in _WORDS), key=len, reverse=True)))


def world_examples(genre: Genre, count: int, *, first: int = 0) -> tuple[Example, ...]:
    """Return the documents or conversations with the seeds first..first + count - 1."""
    return tuple(_example(genre, seed) for seed in range(first, first + count))


def _example(genre: Genre, seed: int) -> Example:
    if genre == "documents":
        said: tuple[Message, ...] = (Message("user", document(seed)),)
    else:
        said = {"drills": drill, "lessons": lesson, "conversations": conversation}[genre](seed)
    origin = Origin(f"world:{genre}", seed + 1)
    return Example(str(origin), said, None, origin)


def tokenizer_texts(count: int) -> Iterator[str]:
    """Yield texts of both genres with the borders of Chinese words marked, so that such words become whole tokens."""
    for seed in range(count):
        yield marked(document(seed))
        yield from (marked(message.content) for message in conversation(seed))


def marked(text: str) -> str:
    """Return `text` with a zero-width space on both sides of every Chinese word of the world."""
    return _CHINESE.sub(lambda found: f"{WORD_BORDER}{found[0]}{WORD_BORDER}", text)
