"""Examples and Splits: rows with their provenance, and the three parts they are divided into."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool by the model: its name, its arguments as JSON text, and the id that its result names."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True)
class Message:
    """One turn of a conversation.

    `thinking` is what the model thinks before it answers, `calls` are the tools it calls. `name` and `call_id`
    say of a tool's result which tool and which call it answers. `weight` is the share of the message in the
    loss: None = the rule of the method, 0 = not learned.
    """

    role: Role
    content: str
    thinking: str = ""
    calls: tuple[ToolCall, ...] = ()
    name: str = ""
    call_id: str = ""
    weight: float | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the message is only a role and its words."""
        return not (self.thinking or self.calls or self.name or self.call_id or self.weight is not None)


@dataclass(frozen=True)
class Origin:
    """Where a row came from; `line` is 1-based, of the file; of several rows in one line, `row` tells the later ones."""

    file: str
    line: int
    row: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f"#{self.row}" if self.row is not None else "")


@dataclass(frozen=True)
class Example:
    """One row: what is asked (`messages`), the `target` (label name or text), and where it came from.

    `group` names rows that must stay on the same side of a split (same user, document or template).
    `tools` are the tools that the model may call in this conversation, each as the JSON text of its schema.
    """

    id: str
    messages: tuple[Message, ...]
    target: str | None
    origin: Origin
    group: str | None = None
    tools: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What the user says last: the text to classify or the question to answer."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message.content
        return ""

    def without_target(self) -> "Example":
        """Return the example as a predictor may see it."""
        return replace(self, target=None)


@dataclass(frozen=True)
class Practice:
    """All that anything which adapts may see."""

    train: tuple[Example, ...]
    dev: tuple[Example, ...]


@dataclass(frozen=True)
class Splits:
    """train and dev (practice), and the sealed test."""

    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    test: tuple[Example, ...]

    @property
    def practice(self) -> Practice:
        """The part that methods may see."""
        return Practice(self.train, self.dev)

    @property
    def fingerprint(self) -> str:
        """A hash of what is in each split; equal splits have equal fingerprints."""
        digest = hashlib.sha256()
        for name, part in (("train", self.train), ("dev", self.dev), ("test", self.test)):
            digest.update(f"{name}:{fingerprint(part)};".encode())
        return digest.hexdigest()[:16]


def fingerprint(examples: Iterable[Example]) -> str:
    """Return a hash of the examples' messages and targets, in order."""
    digest = hashlib.sha256()
    for example in examples:
        for message in example.messages:
            digest.update(f"{message.role}\0{message.content}\0{_more(message)}".encode("utf-8", "surrogatepass"))
        tools = "".join(f"\3{tool}" for tool in example.tools)
        digest.update(f"\1{example.target}\2{tools}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def _more(message: Message) -> str:
    """Return what a message holds beside its words; nothing for a plain one, whose hash stays what it was."""
    if message.is_plain:
        return ""
    calls = [(call.name, call.arguments, call.id) for call in message.calls]
    return f"\4{message.thinking}\0{calls}\0{message.name}\0{message.call_id}\0{message.weight}\0"


def example_of(text: str, target: str | None, *, number: int = 1, file: str = "memory") -> Example:
    """Return an Example made in memory: one user message `text` with its `target`."""
    return Example(f"{file}:{number}", (Message("user", text),), target, Origin(file, number))


def texts_of(examples: Sequence[Example]) -> list[str]:
    """Return the texts of the examples, in order."""
    return [example.text for example in examples]
