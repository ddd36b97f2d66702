"""The model that writes: asked in groups, with its manner of sampling; what it says is cut where it should have stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from taskfit.core.example import Message
from taskfit.core.meter import Meter
from taskfit.core.model import Generation, Model
from taskfit.data.message import thought_and_words
from taskfit.data.wrong import Wrong
from taskfit.model.remote import RemoteModel

MOST_STOPS = 4  # endpoints refuse more


@dataclass(frozen=True)
class Sampling:
    """How freely a model writes, how much, and at which words it ends. None: not sent, the endpoint's own."""

    temperature: float | None = 0.7
    top_p: float | None = None
    presence_penalty: float | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int = 1024

    def fields(self, seed: int) -> dict[str, object]:
        """Return what a request says of it; None where it says nothing."""
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "presence_penalty": self.presence_penalty,
            "stop": list(self.stop[:MOST_STOPS]) or None,
            "seed": seed,
        }


@dataclass(frozen=True)
class Reply:
    """What came of one prompt, and what was thought before; with finish "error" the text says why there is no answer."""

    text: str
    finish: Literal["stop", "length", "error"] = "stop"
    thinking: str = ""

    @property
    def failed(self) -> bool:
        """Whether there is no answer."""
        return self.finish == "error"


Prompt = str | Sequence[Message]


@dataclass(frozen=True)
class Maker:
    """A model under the name that stands in the rows it made.

    `unsent` are fields of a request that the endpoint refuses, `thinking` are tokens for thoughts beside those of an answer.
    """

    name: str
    model: Model
    meter: Meter = field(default_factory=Meter)
    unsent: frozenset[str] = frozenset()
    thinking: int = 0

    def ask(self, prompts: Sequence[Prompt], sampling: Sampling, *, seed: int) -> list[Reply]:
        """Return the reply to each prompt, in order. Raises what `Model.generate` raises."""
        if not prompts:
            return []
        talks = [[Message("user", one)] if isinstance(one, str) else list(one) for one in prompts]
        more = {**sampling.fields(seed), **dict.fromkeys(self.unsent)}
        return [_cut(one, sampling.stop) for one in self._generate(talks, sampling.max_tokens + self.thinking, more)]

    def _generate(
        self, talks: Sequence[Sequence[Message]], max_tokens: int, more: Mapping[str, object]
    ) -> list[Generation]:
        if isinstance(self.model, RemoteModel):
            return self.model.generate(talks, max_tokens=max_tokens, meter=self.meter, more=more, allow_nothing=True)
        return self.model.generate(talks, max_tokens=max_tokens, meter=self.meter)


def _cut(one: Generation, stops: Sequence[str]) -> Reply:
    """Return a reply without its thoughts that ends where it should, whether or not the model knows of stop words."""
    if one.finish == "error":
        return Reply(one.text, "error")
    try:
        thought, words = thought_and_words(one.text)
    except Wrong:  # it never came to an end of thinking
        return Reply("", "length", one.text)
    places = [place for stop in stops if (place := words.find(stop)) >= 0]
    return Reply(words[: min(places)], "stop", thought) if places else Reply(words, one.finish, thought)
