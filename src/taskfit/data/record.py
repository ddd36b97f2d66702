"""Record: one row of any data set in one form, with all that a row of any known shape can hold."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from taskfit.core.example import Example, Message, Origin

Kind = Literal["labelled", "talk", "pair", "rated", "steps", "prompt", "text"]


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the widest view of it, from which Examples for training are made.

    `messages` are the conversation, answers included; of a `pair` or a `rated` row only what leads to the answers.
    `label` is a class by name, `labels` are several, or the tags of words, or the kinds of entities. `text` is
    plain text. `chosen` and `rejected` are the answers of a preference pair, `verdict` says whether an answer
    (`chosen`) is liked, `steps` are (step, is it right) of a solution. `about` is what is known of the row itself
    (source, license, lang, generator, judge, annotator, template, split, parent, task), `extra` are fields nobody
    reads, kept so that nothing is lost.
    """

    id: str
    origin: Origin
    messages: tuple[Message, ...] = ()
    tools: tuple[str, ...] = ()
    label: str | None = None
    labels: tuple[str, ...] | None = None
    text: str | None = None
    chosen: tuple[Message, ...] = ()
    rejected: tuple[Message, ...] = ()
    verdict: bool | None = None
    steps: tuple[tuple[str, bool], ...] = ()
    margin: float | None = None
    group: str | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """What the row is."""
        if self.rejected:
            return "pair"
        if self.verdict is not None:
            return "rated"
        if self.steps:
            return "steps"
        if self.label is not None or self.labels is not None:
            return "labelled"
        if self.text is not None and not self.messages:
            return "text"
        return "talk" if any(one.role == "assistant" for one in self.messages) else "prompt"

    @property
    def prompt(self) -> str:
        """What the user says last; the whole text of plain text."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message.content
        return self.text or ""

    @property
    def answer(self) -> str:
        """The last answer: of a conversation, or the liked one of a pair; the label of a labelled row."""
        if self.label is not None:
            return self.label
        for message in reversed(self.chosen or self.messages):
            if message.role == "assistant":
                return message.content
        return ""

    @property
    def system(self) -> str:
        """What the system message says; empty when there is none."""
        return self.messages[0].content if self.messages and self.messages[0].role == "system" else ""

    @property
    def hash(self) -> str:
        """A hash of what the row says (blake2b, 128 bits); where it stands and its id are not part of it."""
        canonical = json.dumps(_plain(self), ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.blake2b(canonical.encode("ascii"), digest_size=16).hexdigest()


def record_of(example: Example) -> Record:
    """Return the record of an example; a target of a row without an answer is its label."""
    talk = any(message.role == "assistant" for message in example.messages)
    record = Record(
        example.id, example.origin, example.messages, example.tools, label=example.target, group=example.group
    )
    if talk and example.target is not None:
        return replace(record, label=None, messages=(*example.messages, Message("assistant", example.target)))
    return record


def _plain(record: Record) -> dict[str, object]:
    said: dict[str, object] = {
        "messages": [_words(one) for one in record.messages],
        "chosen": [_words(one) for one in record.chosen],
        "rejected": [_words(one) for one in record.rejected],
    }
    said |= {name: getattr(record, name) for name in ("tools", "label", "labels", "text", "verdict", "steps", "margin")}
    return {name: value for name, value in said.items() if value not in (None, (), [])}


def _words(message: Message) -> list[object]:
    calls = [[call.name, call.arguments, call.id] for call in message.calls]
    return [message.role, message.content, message.thinking, calls, message.name, message.call_id, message.weight]
