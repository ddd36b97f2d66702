"""What rows ask and answer, in normal form and as hashes: computed once for all checks that compare rows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from taskfit.data.asked import asked
from taskfit.data.checking import Chunk
from taskfit.data.grams import Grams, gram_sets
from taskfit.data.normal import Keys, keys_of, normals
from taskfit.data.passages import Words, words_in
from taskfit.data.record import Record

MOST_GRAMS = 512
"""Of a longer text so many hashed 5-grams are kept; a similarity is then off by 1.8 points (one standard error)."""

# What fills a template: numbers and dates, whatever is between braces, Chinese numerals before a measure.
_FILLED = re.compile(r"\{[^{}]*\}|\d[\d.,:/\-]*|[〇零一二两三四五六七八九十百千万亿]+(?=[年月日号点元个条岁章节])")


@dataclass(frozen=True)
class Said:
    """The rows of a chunk in the normal form of `normal`: what each asks (`asked`), and what it answers (`answers`)."""

    asked: list[str]
    answers: list[str]
    labelled: NDArray[np.bool_]

    @cached_property
    def asked_keys(self) -> Keys:
        """A hash of what each row asks."""
        return keys_of(self.asked)

    @cached_property
    def answer_keys(self) -> Keys:
        """A hash of what each row answers."""
        return keys_of(self.answers)

    @cached_property
    def grams(self) -> Grams:
        """The 5-grams of what each row asks, and answers where its answer is no label."""
        whole = (
            one if labelled or not answer else f"{one}\x1f{answer}"
            for one, answer, labelled in zip(self.asked, self.answers, self.labelled.tolist(), strict=True)
        )
        return gram_sets(list(whole), most=MOST_GRAMS)

    @cached_property
    def asked_grams(self) -> Grams:
        """The 5-grams of what each row asks."""
        return gram_sets(self.asked, most=MOST_GRAMS)


def said_in(chunk: Chunk) -> Said:
    """Return what the rows of a chunk say; use with `chunk.shared`."""
    return said_by(chunk.records)


def said_by(records: Iterable[Record]) -> Said:
    """Return what rows say."""
    records = list(records)
    turns = [asked(record) for record in records]
    single = [len(messages) == 1 for messages in turns]
    forms = normals([message.content for messages in turns for message in messages])
    said = [
        next(forms) if alone else "\x1f".join(f"{message.role} {next(forms)}" for message in messages)
        for messages, alone in zip(turns, single, strict=True)
    ]
    answers = list(normals(["\x1f".join(_answers(record)) for record in records]))
    return Said(said, answers, np.array([record.kind == "labelled" for record in records], bool))


def masked(text: str) -> str:
    """Return a text without what fills a template: numbers, dates, and what is between braces."""
    return _FILLED.sub("0", text)


def _answers(record: Record) -> Iterable[str]:
    if record.label is not None:
        return (record.label,)
    if record.labels is not None:
        return record.labels
    if record.chosen or record.rejected:
        return [message.content for message in (*record.chosen, *record.rejected)]
    last = record.messages[-1:]
    return [message.content for message in last if message.role == "assistant"]


def asked_text(record: Record) -> str:
    """Return what a row asks, as it was written."""
    return "\n".join(message.content for message in asked(record))


def words_of_all(chunk: Chunk) -> Words:
    """Return the words of all that the rows of a chunk say; use with `chunk.shared`."""
    return words_in(chunk.texts)
