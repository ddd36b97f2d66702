"""A recipe: one way to make rows with a model, as frozen settings. One file in `recipes/` is one recipe."""

import hashlib
import random
import string
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal

from taskfit.core.example import Message, Origin
from taskfit.core.settings import Settings
from taskfit.core.text import Language, Text
from taskfit.data.record import Record
from taskfit.data.rouge import SIMILAR, RougePool
from taskfit.workshop.maker import Maker, Prompt, Reply, Sampling
from taskfit.workshop.reasons import REASONS
from taskfit.workshop.seeds import SeedTask

Need = Literal["seeds", "documents", "rows"]


@dataclass(frozen=True)
class Material:
    """What rows are made from: seed tasks, and rows of a file (documents are rows that are only text)."""

    seeds: tuple[SeedTask, ...] = ()
    records: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """Something made that is not among the rows: the reason (a key of REASONS), what it says, what it was made from."""

    reason: str
    said: Mapping[str, str]
    parent: str = ""

    def __post_init__(self) -> None:
        assert self.reason in REASONS, self.reason


@dataclass(frozen=True)
class Batch:
    """What one round made; `finished`: there is nothing left to make."""

    rows: tuple[Record, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    finished: bool = False


class Pool:
    """The instructions so far, those of the seeds first; a new one is admitted when it is like none of them."""

    def __init__(self, seeds: Sequence[str], *, similar: float = SIMILAR):
        """Begin with the instructions of the seeds."""
        self.made: list[str] = []
        self._texts = list(seeds)
        self._rouge = RougePool(seeds, similar=similar)

    def admit(self, text: str) -> str | None:
        """Take a new instruction, or return the earlier one that is too similar."""
        near = self._rouge.nearest(text)
        if near is not None:
            return self._texts[near.place]
        self.put(text)
        return None

    def put(self, text: str) -> None:
        """Take an instruction without asking whether there is a similar one."""
        self._rouge.add(text)
        self._texts.append(text)
        self.made.append(text)


@dataclass(frozen=True)
class Turn:
    """One round of work: everything that decides what is made, so that a round done again gives the same.

    `before` are the rows of each earlier round.
    """

    number: int
    seed: int
    language: Language
    material: Material
    pool: Pool
    before: Sequence[Sequence[Record]]
    maker: Maker
    judge: Maker
    told: Callable[[], None] = lambda: None
    """Called whenever answers have come."""

    def dice(self, what: str) -> random.Random:
        """Return randomness of this round for one purpose."""
        return random.Random(f"{self.seed}:{self.number}:{what}")

    def ask(self, prompts: Sequence[Prompt], sampling: Sampling, *, sample: int = 0) -> list[Reply]:
        """Ask the writing model; `sample` tells apart answers to the same prompt in one round."""
        replies = self.maker.ask(prompts, sampling, seed=self._seed_of(sample))
        self.told()
        return replies

    def ask_judge(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Reply]:
        """Ask the judging model."""
        replies = self.judge.ask(prompts, sampling, seed=self._seed_of(0))
        self.told()
        return replies

    def slice(self, size: int) -> Sequence[Record]:
        """Return the rows of this round, when each round takes the next `size` of them."""
        return self.material.records[self.number * size : (self.number + 1) * size]

    def is_last(self, size: int) -> bool:
        """Return whether no rows are left after this round's `slice`."""
        return (self.number + 1) * size >= len(self.material.records)

    def _seed_of(self, sample: int) -> int:
        return (self.seed * 1_000_003 + self.number * 101 + sample) % 2**31


class Recipe(Settings, ABC):
    """One way to make rows. Subclasses are the public settings of the recipe; `needs` says what it is made from."""

    about: ClassVar[Text]
    when: ClassVar[Text]
    needs: ClassVar[Need]
    prompts: ClassVar[tuple[Text, ...]]
    writes: ClassVar[bool] = True
    """Whether the rows hold words of the writing model."""
    judges: ClassVar[bool] = False
    """Whether the recipe itself asks the judge."""

    @abstractmethod
    def make(self, turn: Turn) -> Batch:
        """Do one round."""

    def prompt_hash(self, language: Language) -> str:
        """Return a hash of all prompts of the recipe in a language."""
        words = "\0".join(prompt.in_language(language) for prompt in self.prompts)
        return hashlib.sha256(words.encode()).hexdigest()[:12]


def fill(prompt: Text, language: Language, **values: str) -> str:
    """Return a prompt with its $names replaced."""
    return string.Template(prompt.in_language(language)).substitute(values)


def talk(
    asked: str,
    answer: str,
    *,
    group: str | None = None,
    about: Mapping[str, str] = MappingProxyType({}),
    parts: Mapping[str, str] = MappingProxyType({}),
) -> Record:
    """Return a row of one question and its answer; its id and origin are given when its round ends."""
    messages = (Message("user", asked), Message("assistant", answer))
    kept = {name: words for name, words in parts.items() if words}
    return Record("", Origin("made", 0), messages, group=group, about=dict(about), parts=kept)


def question_of(record: Record) -> tuple[Message, ...]:
    """Return what leads to the last answer of a row; nothing when the user asks nothing in it."""
    talk = record.messages
    while talk and talk[-1].role == "assistant":
        talk = talk[:-1]
    if not talk and record.text:
        return (Message("user", record.text),)
    return talk if talk and talk[-1].role == "user" else ()


def answered(record: Record, talk: Sequence[Message], answer: str, *, thinking: str = "") -> Record:
    """Return a row with another answer; it stays in the group of the one it was made from."""
    about = {**record.about, "parent": record.id}
    messages = (*talk, Message("assistant", answer.strip(), thinking=thinking.strip()))
    return Record("", record.origin, messages, tools=record.tools, group=record.group or record.id, about=about)


def with_input(instruction: str, given: str) -> str:
    """Return an instruction with what it is to be applied to."""
    return f"{instruction}\n{given}" if given else instruction


def group_of(text: str) -> str:
    """Return a group for all rows made from one text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
