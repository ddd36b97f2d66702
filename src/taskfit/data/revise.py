"""A row as a person changes it: its label or verdict, the words of its answer, the words of what it asks."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.decisions import Decision
from taskfit.data.record import Record
from taskfit.data.wrong import Wrong

LIKED, DISLIKED = "liked", "disliked"
AS_IT_IS, SWAPPED = "chosen", "rejected"


def choices_of(record: Record, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the labels that a row may get: those of the set, or liked and disliked, or which answer is the better."""
    if record.kind == "rated":
        return (LIKED, DISLIKED)
    if record.kind == "pair":
        return (AS_IT_IS, SWAPPED)
    return tuple(labels) if record.kind in ("labelled", "prompt", "talk") and record.spans is None else ()


def current(record: Record) -> str:
    """Return the label of a row as a choice; several labels as JSON; the answer of a row with neither."""
    match record.kind:
        case "rated":
            return LIKED if record.verdict else DISLIKED
        case "pair":
            return AS_IT_IS
        case "labelled" if record.labels is not None:
            return json.dumps(record.labels, ensure_ascii=False)
    return record.answer


def with_label(record: Record, label: str) -> Record:
    """Return the row with another label (or verdict, or the two answers swapped); raise Wrong when it has no place."""
    match record.kind:
        case "rated" if label in (LIKED, DISLIKED):
            return replace(record, verdict=label == LIKED)
        case "pair" if label == SWAPPED:
            return replace(record, chosen=record.rejected, rejected=record.chosen)
        case "pair" if label == AS_IT_IS:
            return record
        case "labelled" if record.spans is None:
            several = record.labels is not None
            return replace(record, labels=_several(label)) if several else replace(record, label=label)
        case "prompt":
            return replace(record, label=label)
        case "talk":
            return _answering(record, label)
    raise Wrong(Text(f"there is no place for the label '{label}'", f"该行没有放置标签 '{label}' 的位置"))


def with_words(record: Record, *, text: str | None = None, answer: str | None = None) -> Record:
    """Return the row with other words; the answer of a labelled row is its label. Raises Wrong for entities."""
    if record.spans is not None and text is not None:
        raise Wrong(Text("its entities stand at places of the text", "实体位置依赖原文，不能修改文本"))
    if text is not None:
        record = _asking(record, text)
    if answer is None or answer == current(record):
        return record
    if record.kind in ("labelled", "prompt"):
        return with_label(record, answer)
    if record.kind not in ("talk", "pair", "rated"):
        raise Wrong(Text("it has no answer", "该行没有回答"))
    return _answering(record, answer)


def decided(record: Record, decision: Decision) -> Record | None:
    """Return the row as the decision wants it; None when it shall go. Raises Wrong when it cannot be done."""
    if decision.what == "reject":
        return None
    if decision.what == "relabel" and decision.label is not None:
        return with_label(record, decision.label)
    if decision.what == "edit":
        record = with_words(record, text=decision.text, answer=decision.answer)
        return record if decision.label is None else with_label(record, decision.label)
    return record


def _asking(record: Record, text: str) -> Record:
    if not record.messages:
        return replace(record, text=text)
    return replace(record, messages=_last(record.messages, "user", lambda one: replace(one, content=text)))


def _answering(record: Record, words: str) -> Record:
    def said(one: Message) -> Message:
        return replace(one, content=words)

    if record.chosen:
        return replace(record, chosen=_last(record.chosen, "assistant", said))
    return replace(record, messages=_last(record.messages, "assistant", said))


def _last(messages: tuple[Message, ...], role: str, change: Callable[[Message], Message]) -> tuple[Message, ...]:
    at = max((place for place, one in enumerate(messages) if one.role == role), default=None)
    if at is None:
        raise Wrong(Text(f"it has no message of the {role}", f"没有 {role} 消息"))
    return (*messages[:at], change(messages[at]), *messages[at + 1 :])


def _several(label: str) -> tuple[str, ...]:
    """Return several labels from a JSON list, or from lines."""
    if label.lstrip().startswith("["):
        try:
            found = json.loads(label)
        except ValueError:
            found = None
        if isinstance(found, list):
            return tuple(str(one) for one in found)
    return tuple(line.strip() for line in label.splitlines() if line.strip())
