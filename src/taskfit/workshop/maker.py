"""The model that writes: asked in groups, with its manner of sampling; what it says is cut where it should have stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from taskfit.core.example import Message
from taskfit.core.meter import Meter
from taskfit.core.model import Generation, Model
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
        """Return what a request says of it."""
        said = {"temperature": self.temperature, "top_p": self.top_p, "presence_penalty": self.presence_penalty}
        found: dict[str, object] = {name: value for name, value in said.items() if value is not None}
        return {**found, **({"stop": list(self.stop[:MOST_STOPS])} if self.stop else {}), "seed": seed}


@dataclass(frozen=True)
class Reply:
    """What came of one prompt; with finish "error" the text says why there is no answer."""

    text: str
    finish: Literal["stop", "length", "error"] = "stop"

    @property
    def failed(self) -> bool:
        """Whether there is no answer."""
        return self.finish == "error"


Prompt = str | Sequence[Message]


@dataclass(frozen=True)
class Maker:
    """A model under the name that stands in the rows it made. `unsent` are fields of a request that the endpoint refuses."""

    name: str
    model: Model
    meter: Meter = field(default_factory=Meter)
    unsent: frozenset[str] = frozenset()

    def ask(self, prompts: Sequence[Prompt], sampling: Sampling, *, seed: int) -> list[Reply]:
        """Return the reply to each prompt, in order. Raises what `Model.generate` raises."""
        if not prompts:
            return []
        talks = [[Message("user", one)] if isinstance(one, str) else list(one) for one in prompts]
        more = {name: value for name, value in sampling.fields(seed).items() if name not in self.unsent}
        return [_cut(one, sampling.stop) for one in self._generate(talks, sampling.max_tokens, more)]

    def _generate(
        self, talks: Sequence[Sequence[Message]], max_tokens: int, more: Mapping[str, object]
    ) -> list[Generation]:
        if isinstance(self.model, RemoteModel):
            return self.model.generate(talks, max_tokens=max_tokens, meter=self.meter, more=more)
        return self.model.generate(talks, max_tokens=max_tokens, meter=self.meter)


def _cut(one: Generation, stops: Sequence[str]) -> Reply:
    """Return a reply that ends where it should, whether or not the model knows of stop words."""
    reply = Reply(one.text, one.finish)
    if reply.failed:
        return reply
    places = [place for stop in stops if (place := one.text.find(stop)) >= 0]
    return replace(reply, text=one.text[: min(places)], finish="stop") if places else reply
