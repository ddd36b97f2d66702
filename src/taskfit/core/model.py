"""What every model, local or remote, says of itself and can be asked to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from taskfit.core.example import Message
from taskfit.core.meter import Meter

Ability = Literal["generate", "score", "embed", "train"]
Architecture = Literal["causal", "encoder", "remote"]


@dataclass(frozen=True)
class ModelCard:
    """The facts of a model. `fingerprint` hashes its weights and tokenizer (or its address and name)."""

    name: str
    architecture: Architecture
    family: str
    abilities: frozenset[Ability]
    parameters: int = 0
    parameters_body: int = 0
    layers: int = 0
    width: int = 0
    vocabulary: int = 0
    context: int = 0
    chat: bool = False
    fingerprint: str = ""
    note: str = ""


@dataclass(frozen=True)
class Generation:
    """One generated text. `finish` is "stop", "length" or "error" (then `text` says why)."""

    text: str
    tokens_in: int
    tokens_out: int
    finish: Literal["stop", "length", "error"] = "stop"
    seconds: float = 0.0


class Model(Protocol):
    """A local network or a remote endpoint."""

    @property
    def card(self) -> ModelCard:
        """The facts of the model."""
        ...

    def generate(self, prompts: Sequence[Sequence[Message]], *, max_tokens: int, meter: Meter) -> list[Generation]:
        """Return the greedy continuation of each conversation, in order."""
        ...
