"""Record: one row of any data set in one form, with all that a row of any known shape can hold."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from taskfit.core.example import Example, Message, Origin
from taskfit.core.target import Span, names_of, names_text, spans_of, spans_text
from taskfit.data.message import last_answer

Kind = Literal["labelled", "talk", "pair", "rated", "steps", "prompt", "text"]


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the widest view of it, from which Examples for training are made.

    `messages` are the conversation, answers included; of a `pair` or a `rated` row only what leads to the answers.
    `label` is a class by name, `labels` are several, or the kinds of the entities that `spans` tell. `text` is
    plain text. `parts` are the named pieces that the last question is made of (instruction and input, premise and
    hypothesis, context and question), for whoever wants to ask in another way. `chosen` and `rejected` are the answers of a preference pair, `verdict` says whether an answer
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
    spans: tuple[Span, ...] | None = None
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """What the row is."""
        if self.rejected:
            return "pair"
        if self.verdict is not None:
            return "rated"
        if self.steps:
            return "steps"
        if self.label is not None or self.labels is not None or self.spans is not None:
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
    def owns_id(self) -> bool:
        """Whether the id is more than the place where the row stands."""
        return bool(self.id) and self.id != str(self.origin)

    def with_texts(self, change: Callable[[str], str]) -> "Record":
        """Return the row with every text (messages, answers, steps, plain text, parts) changed; spans move with none.

        Rows with spans keep their text where a change of it would move the entities.
        """
        if self.spans and any(len(change(one.content)) != len(one.content) for one in self.messages):
            return self

        def changed(messages: tuple[Message, ...]) -> tuple[Message, ...]:
            return tuple(
                replace(one, content=change(one.content), thinking=change(one.thinking) if one.thinking else "")
                for one in messages
            )

        return replace(
            self,
            messages=changed(self.messages),
            chosen=changed(self.chosen),
            rejected=changed(self.rejected),
            text=None if self.text is None else change(self.text),
            steps=tuple((change(step), right) for step, right in self.steps),
            parts={name: change(part) for name, part in self.parts.items()},
        )

    @property
    def hash(self) -> str:
        """A hash of what the row says (blake2b, 128 bits); where it stands and its id are not part of it."""
        canonical = json.dumps(_plain(self), ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.blake2b(canonical.encode("ascii"), digest_size=16).hexdigest()


def record_of(example: Example) -> Record:
    """Return the record of an example; a target of a row without an answer is its label, or labels, or entities."""
    talk = any(message.role == "assistant" for message in example.messages)
    record = Record(example.id, example.origin, example.messages, example.tools, group=example.group)
    if example.target is None:
        return record
    if talk:
        return replace(record, messages=(*example.messages, Message("assistant", example.target)))
    spans = spans_of(example.target) if example.target.startswith("[{") else None
    if spans:
        return replace(record, spans=spans, labels=kinds_of(spans))
    names = names_of(example.target)
    return replace(record, labels=names) if names else replace(record, label=example.target)


def example_of(record: Record) -> Example:
    """Return the example of a record: its label, labels or entities are the target, else its last answer in words."""
    messages, target = record.messages, record.label
    if record.text is not None and not messages:
        messages = (Message("user", record.text),)
    if record.spans is not None:
        target = spans_text(record.spans)
    elif record.labels is not None:
        target = names_text(record.labels)
    elif target is None and messages:
        target = last_answer(messages)
        messages = messages if target is None else messages[:-1]
    return Example(record.id, messages, target, record.origin, record.group, record.tools)


def kinds_of(spans: tuple[Span, ...]) -> tuple[str, ...]:
    """Return what the entities are, each kind once."""
    return tuple(sorted({span.label for span in spans}))


def _plain(record: Record) -> dict[str, object]:
    said: dict[str, object] = {
        "messages": [_words(one) for one in record.messages],
        "chosen": [_words(one) for one in record.chosen],
        "rejected": [_words(one) for one in record.rejected],
    }
    said |= {name: getattr(record, name) for name in ("tools", "label", "labels", "text", "verdict", "steps", "margin")}
    said["spans"] = [[one.start, one.end, one.label] for one in record.spans or ()]
    return {name: value for name, value in said.items() if value not in (None, (), [])}


def _words(message: Message) -> list[object]:
    calls = [[call.name, call.arguments, call.id] for call in message.calls]
    return [message.role, message.content, message.thinking, calls, message.name, message.call_id, message.weight]
