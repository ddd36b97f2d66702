"""The other forms of a row (F16, F17): for a head (text and label), and as whole text, learned as in pre-training."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.data.step import Entry, dropped
from taskfit.data.templates.task import only_question
from taskfit.data.wrong import Wrong


def head_rows(records: Iterable[Record]) -> tuple[list[Record], list[Entry]]:
    """Return rows of one text with a label (or entities), and an entry for each row that has none."""
    made: list[Record] = []
    entries: list[Entry] = []
    for record in records:
        try:
            made.append(head_row(record))
        except Wrong as wrong:
            entries.append(dropped(record, wrong.reason))
    return made, entries


def head_row(record: Record) -> Record:
    """Return a labelled row as a head learns it: one text, and its label; raise Wrong when it has no label."""
    if record.label is None and record.labels is None and record.spans is None:
        raise Wrong(Text("it has no label: a head has nothing to learn", "没有标签：分类头无从学起"))
    only_question(record)
    return replace(record, parts={}, group=record.group or record.id)


def text_rows(instances: Sequence[Record]) -> list[Record]:
    """Return instruction rows as plain text: every word of it is learned, the question too."""
    return [text_row(one) for one in instances]


def text_row(instance: Record) -> Record:
    """Return one instruction row as plain text: system text, question and answer, a line each."""
    return replace(instance, messages=(), parts={}, text="\n".join(one.content for one in instance.messages))
