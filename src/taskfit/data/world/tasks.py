"""Tasks of the world: messages that teams answer; which thing or town belongs to which team is drawn for each task."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from taskfit.core.text import Language, Text
from taskfit.data.world.messages import about_thing, about_town
from taskfit.data.world.words import ALL_THINGS, LABELS, TOWNS, Word

About = Literal["thing", "town"]
HELD_OUT = 1_000_000
"""Tasks whose seed is at least this are never part of training text."""

_INSTRUCTIONS: dict[str, tuple[Text, ...]] = {
    "thing": (
        Text(
            "Which team answers the message? The product decides. {labels}.",
            "哪个组回答这条消息？由商品决定。{labels}。",
        ),
        Text("Name the team for this product: {labels}.", "说出负责该商品的组：{labels}。"),
        Text("Sort the messages by product. Answer with {labels}.", "按商品分类。回答{labels}。"),
        Text("Who takes care of it? {labels}.", "由谁处理？{labels}。"),
    ),
    "town": (
        Text(
            "Which team answers the message? The town decides. {labels}.", "哪个组回答这条消息？由城镇决定。{labels}。"
        ),
        Text("Name the team for this town: {labels}.", "说出负责该城镇的组：{labels}。"),
        Text("Sort the messages by town. Answer with {labels}.", "按城镇分类。回答{labels}。"),
    ),
}


@dataclass(frozen=True)
class Row:
    """One message with the team that answers it; `key` is the thing or town that decides."""

    text: str
    label: str
    key: Word


@dataclass(frozen=True)
class WorldTask:
    """One classification task: the team of a message is a function of the thing (or town) it is about."""

    language: Language
    about: About
    instruction: str
    labels: tuple[str, ...]
    team_of: dict[Word, str]

    @property
    def keys(self) -> tuple[Word, ...]:
        """The things or towns of this task."""
        return tuple(self.team_of)

    def row(self, random: Random, key: Word) -> Row:
        """Return one message about `key`."""
        if self.about == "town":
            text = about_town(random, key, random.choice(ALL_THINGS), self.language)
        else:
            text = about_thing(random, key, self.language)
        return Row(text, self.team_of[key], key)


def draw_task(seed: int, *, language: Language, keys: int, labels: int, about: About = "thing") -> WorldTask:
    """Return the task of `seed`: which things or towns, which team words, and who answers what are drawn from it."""
    random = Random(f"task {seed}")
    family = random.choice(sorted(LABELS))
    words = [word.say(language) for word in random.sample(LABELS[family], labels)]
    chosen = random.sample(TOWNS if about == "town" else ALL_THINGS, keys)
    teams = (words * keys)[: max(keys, labels)] if keys >= labels else random.sample(words, keys)
    random.shuffle(teams)
    instruction = random.choice(_INSTRUCTIONS[about]).in_language(language)
    return WorldTask(
        language=language,
        about=about,
        instruction=instruction.format(labels=listed(words, language)),
        labels=tuple(words),
        team_of=dict(zip(chosen, teams, strict=True)),
    )


def listed(words: Sequence[str], language: Language) -> str:
    """Return the words as an enumeration."""
    return ("、" if language == "zh" else ", ").join(words)
