"""What a model is probed with for what it forgot: general text in both languages, questions of other tasks.

The built-in model, which knows only its own world, gets conversations of that world that no seed of its training made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from taskfit.core.example import Example, Message, example_of
from taskfit.core.task import Label, Task
from taskfit.core.text import Language, Text, same
from taskfit.data.world.dialogues import conversation
from taskfit.data.world.messages import review
from taskfit.data.world.tasks import HELD_OUT, draw_task, listed
from taskfit.data.world.words import ALL_THINGS, KINDS, THINGS
from taskfit.measure.forgetting_sentences import SENTENCES

Conversation = tuple[Message, ...]
GeneralText = str | Conversation

LANGUAGES: tuple[Language, ...] = ("en", "zh")
QUESTIONS = 24
OWN_TEXT, OWN_SKILL = "text.own", "retained"  # what the user gives
SEED = HELD_OUT + 7_700  # of no task of an example, and far above what training took


@dataclass(frozen=True)
class Sampling:
    """How the base writes the texts on which the divergence is measured: drawn from its own shares, once per run."""

    count: int = 32
    tokens: int = 48
    temperature: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Skill:
    """Questions of another task, asked after the examples `shown`."""

    name: str
    task: Task
    asked: tuple[Example, ...]
    shown: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Material:
    """All that a model is probed with; `texts` by name, `talks` to which a chat model writes answers of its own.

    `own` skills are the user's and are asked of any base.
    """

    texts: Mapping[str, tuple[GeneralText, ...]]
    talks: tuple[Conversation, ...] = ()
    skills: tuple[Skill, ...] = ()
    own: tuple[Skill, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)


def general_texts(*, world: bool) -> dict[str, tuple[GeneralText, ...]]:
    """Return general text by language: our sentences, or for a model that knows only the world, its conversations."""
    if world:
        return {f"text.{one}": _conversations(one, len(SENTENCES)) for one in LANGUAGES}
    return {f"text.{one}": tuple(sentence.in_language(one) for sentence in SENTENCES) for one in LANGUAGES}


def general_talks(*, world: bool, count: int) -> tuple[Conversation, ...]:
    """Return what a chat model is asked for answers of its own: our sentences as questions, or talks of the world."""
    if world:
        return tuple(one for language in LANGUAGES for one in _conversations(language, count // 2, first=-100_000))
    said = [sentence.in_language(language) for sentence in SENTENCES for language in LANGUAGES]
    return tuple((Message("user", said[number % len(said)]),) for number in range(count))


def world_skills(questions: int = QUESTIONS) -> tuple[Skill, ...]:
    """Return the built-in questions in both languages: opinions, kinds of things, and looking up in shown examples."""
    makers: tuple[Callable[[Language, int], Skill], ...] = (_opinions, _kinds, _lookups)
    return tuple(make(language, questions) for make in makers for language in LANGUAGES)


def _opinions(language: Language, count: int) -> Skill:
    random, words = Random(f"opinions {language}"), _OPINIONS
    names = [word.in_language(language) for word in words]
    pairs = []
    for number in range(count + 4):
        good = number % 2 == 0
        text = review(random, random.choice(ALL_THINGS), language, good=good)
        pairs.append((text, names[0 if good else 1]))
    return _skill("opinion", language, _OPINION, names, pairs, shown=4)


def _kinds(language: Language, count: int) -> Skill:
    random = Random(f"kinds {language}")
    kinds = sorted(KINDS)[:4]
    names = [KINDS[kind].say(language) for kind in kinds]
    chosen = [kinds[number % 4] for number in range(count + 8)]
    things = {kind: random.sample(THINGS[kind], len(THINGS[kind])) for kind in kinds}
    pairs = [(things[kind][n // 4 % 20].say(language), KINDS[kind].say(language)) for n, kind in enumerate(chosen)]
    return _skill("kind", language, _KIND, names, pairs, shown=8)


def _lookups(language: Language, count: int) -> Skill:
    """Messages whose team can only be known from the examples shown before: what a prompt with examples needs."""
    task = draw_task(SEED, language=language, keys=4, labels=3, about="town")
    random = Random(f"lookups {language}")
    pairs = [(row.text, row.label) for n in range(count + 8) for row in [task.row(random, task.keys[n % 4])]]
    return _skill("lookup", language, same(task.instruction), list(task.labels), pairs, shown=8)


def _skill(
    name: str, language: Language, instruction: Text, names: list[str], pairs: list[tuple[str, str]], *, shown: int
) -> Skill:
    told = instruction.in_language(language).format(labels=listed(names, language))
    task = Task("classify", told, tuple(Label(one, one) for one in names), ("accuracy",))
    where = f"{name}.{language}"
    rows = [example_of(text, answer, number=n, file=where) for n, (text, answer) in enumerate(pairs, 1)]
    return Skill(where, task, tuple(rows[shown:]), tuple(rows[:shown]))


def _conversations(language: Language, count: int, *, first: int = -1) -> tuple[Conversation, ...]:
    """Return conversations of the world in one language; training takes seeds from 0 on, these are below."""
    found: list[Conversation] = []
    seed = first
    while len(found) < count:
        talk = conversation(seed)
        asked = "".join(message.content for message in talk if message.role != "assistant")
        if any("\u4e00" <= one <= "\u9fff" for one in asked) == (language == "zh"):
            found.append(talk)
        seed -= 1
    return tuple(found)


_OPINIONS = (Text("good", "好评"), Text("bad", "差评"))
_OPINION = Text("Opinion of the writer: {labels}.", "作者的看法：{labels}。")
_KIND = Text("Kind of the product: {labels}.", "商品的类别：{labels}。")
