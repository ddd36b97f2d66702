"""Examples and Splits: rows with their provenance, and the three parts they are divided into."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class Origin:
    """Where a row came from; `line` is 1-based, of the file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Example:
    """One row: what is asked (`messages`), the `target` (label name or text), and where it came from.

    `group` names rows that must stay on the same side of a split (same user, document or template).
    """

    id: str
    messages: tuple[Message, ...]
    target: str | None
    origin: Origin
    group: str | None = None

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
            digest.update(f"{message.role}\0{message.content}\0".encode("utf-8", "surrogatepass"))
        digest.update(f"\1{example.target}\2".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def example_of(text: str, target: str | None, *, number: int = 1, file: str = "memory") -> Example:
    """Return an Example made in memory: one user message `text` with its `target`."""
    return Example(f"{file}:{number}", (Message("user", text),), target, Origin(file, number))


def texts_of(examples: Sequence[Example]) -> list[str]:
    """Return the texts of the examples, in order."""
    return [example.text for example in examples]
