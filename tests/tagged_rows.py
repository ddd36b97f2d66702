"""Tiny rows of the invented world with a target that is no single label: entities, several labels, numbers."""

from random import Random

from taskfit.core.example import Example, Practice, example_of
from taskfit.core.target import Span, names_text, spans_text
from taskfit.core.task import Kind, Task
from taskfit.core.text import Language
from taskfit.data.kinds import task_of_kind
from taskfit.data.world.words import PEOPLE, TOWNS, Word, pick

SENTENCES: dict[Language, tuple[str, ...]] = {
    "en": ("{0} lives in {1}.", "Is {1} far, {0}?", "{0} and {2} went to {1}!", "Nobody is at home."),
    "zh": ("{0}住在{1}。", "{1}远吗，{0}？", "{0}和{2}去了{1}！", "家里没有人。"),
}
FEW_PEOPLE, FEW_TOWNS = PEOPLE[:8], TOWNS[:8]


def entity_row(random: Random, number: int) -> Example:
    """Return a sentence, English and Chinese in turn, with its people and towns as entities."""
    language: Language = "en" if number % 2 else "zh"
    drawn: list[tuple[str, tuple[Word, ...]]] = [("person", FEW_PEOPLE), ("town", FEW_TOWNS), ("person", FEW_PEOPLE)]
    words = [(pick(random, part, language), kind) for kind, part in drawn]
    text, spans = "", []
    for piece in random.choice(SENTENCES[language]).replace("{", "\0").replace("}", "\0").split("\0"):
        if piece.isdigit():
            word, kind = words[int(piece)]
            spans.append(Span(len(text), len(text) + len(word), kind))
            piece = word
        text += piece
    return example_of(text, spans_text(spans), number=number)


def several_row(random: Random, number: int) -> Example:
    """Return a text of some words with the labels of those that are in it."""
    marks = {"animal": "cat", "thing": "mat", "动作": "ran"}
    names = [name for name in marks if random.random() < 0.45]
    words = [*(marks[name] for name in names), "the", "day", str(number)]
    return example_of(" ".join(random.sample(words, len(words))), names_text(names), number=number)


def number_row(random: Random, number: int) -> Example:
    """Return a text with a rating: 10 for each good word, less 5 for each bad one."""
    good, bad = random.randint(0, 3), random.randint(0, 3)
    words = [*["good"] * good, *["bad"] * bad, "the", "film"]
    text = " ".join([*random.sample(words, len(words)), str(number)])
    return example_of(text, f"{100 + 10 * good - 5 * bad}", number=number)


MAKERS = {"tag": entity_row, "multilabel": several_row, "regress": number_row}
KINDS: tuple[Kind, ...] = ("tag", "multilabel", "regress")


def rows(kind: Kind, count: int, *, seed: int = 0) -> tuple[Example, ...]:
    """Return so many rows of the kind."""
    random = Random(seed)
    return tuple(MAKERS[kind](random, number) for number in range(count))


def task(kind: Kind) -> Task:
    """Return the task of these rows."""
    return task_of_kind(kind, rows(kind, 60), chinese=False)


def divided(kind: Kind) -> tuple[Practice, tuple[Example, ...]]:
    """Return practice (48 train, 16 dev) and 16 test rows."""
    every = rows(kind, 80)
    return Practice(every[:48], every[48:64]), every[64:]
