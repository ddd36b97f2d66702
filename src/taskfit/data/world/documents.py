"""Documents of the world for pre-training: stories, reviews, ledgers, word lists; plain text, one per number."""

from random import Random

from taskfit.core.text import Language, Text
from taskfit.data.world.facts import known_facts
from taskfit.data.world.messages import about_thing, filled, joined, review
from taskfit.data.world.words import ALL_LABELS, ALL_THINGS, KINDS, PEOPLE, THINGS, TOWNS, pick

_STORY = (
    Text("On {day} {person} went to {town}.", "{day}{person}去了{town}。"),
    Text("There {person} wanted to buy a {thing}.", "在那里{person}想买{thing}。"),
    Text("The shop of {person} had no {thing}.", "{person}的店里没有{thing}。"),
    Text("So they waited until {day}.", "于是他们等到{day}。"),
    Text("Then the {thing} came from {town}.", "后来{thing}从{town}送来了。"),
    Text("{person} paid and said thank you.", "{person}付了钱，说谢谢。"),
    Text("The next day {person} gave the {thing} to {person}.", "第二天{person}把{thing}送给了{person}。"),
)
_KIND_OF = (
    Text("A {thing} is {kind}.", "{thing}属于{kind}。"),
    Text("Kind of {thing}: {kind}.", "{thing}的类别：{kind}。"),
)


_TURN = ("<|user|>", "<|end|><|assistant|>", "<|end|>")


def document(seed: int) -> str:
    """Return the document of `seed`.

    Most are lists read several times: in them a model soon learns to look back, the skill that examples
    in a prompt need.
    """
    random = Random(f"document {seed}")
    language: Language = random.choice(("en", "zh"))
    genres = (_list, _pairs, _ledger, _story, _reviews, _letters, _facts, _words, _kinds)
    return random.choices(genres, (15, 40, 10, 6, 4, 4, 12, 5, 4))[0](random, language)


def _list(random: Random, language: Language) -> str:
    """Write a list of words that is read several times in the same order."""
    words = random.sample((*ALL_THINGS, *ALL_LABELS, *TOWNS, *PEOPLE), random.choice((3, 4, 6, 8, 12, 16)))
    times = 48 // len(words)
    spoken = [word.say(language) for word in words] * times
    return ("" if language == "zh" else " ").join(spoken)


def _pairs(random: Random, language: Language) -> str:
    """Write words each followed by a label, again and again in no order: next to it, after a colon, or as turns."""
    keys = random.sample(random.choice((ALL_THINGS, ALL_THINGS, ALL_THINGS, TOWNS)), random.randint(2, 5))
    labels = [word.say(language) for word in random.sample(ALL_LABELS, len(keys))]
    space = " " if language == "en" else ""
    forms = (("", space, space), ("", "：" if language == "zh" else ":", space), *[_TURN] * 2)
    before, between, after = random.choice(forms)
    pairs = [f"{before}{key.say(language)}{between}{label}{after}" for key, label in zip(keys, labels, strict=True)]
    return "".join(random.choices(pairs, k=12)).strip()


def _story(random: Random, language: Language) -> str:
    thing, town = pick(random, ALL_THINGS, language), pick(random, TOWNS, language)
    return joined([filled(random, part, language, thing=thing, town=town) for part in _STORY], language)


def _ledger(random: Random, language: Language) -> str:
    """Write who takes which thing, with things that come again: the plainest text in which looking back pays."""
    keys = random.sample(random.choice((ALL_THINGS, ALL_THINGS, TOWNS, PEOPLE)), random.randint(2, 8))
    owners = {key: pick(random, random.choice((ALL_LABELS, ALL_LABELS, TOWNS)), language) for key in keys}
    colon, stop = ("：", "。") if language == "zh" else (": ", ". ")
    lines = (random.choice(keys) for _ in range(random.randint(8, 24)))
    return "".join(f"{key.say(language)}{colon}{owners[key]}{stop}" for key in lines).strip()


def _reviews(random: Random, language: Language) -> str:
    good = random.random() < 0.5
    return joined([review(random, random.choice(ALL_THINGS), language, good=good) for _ in range(3)], language)


def _letters(random: Random, language: Language) -> str:
    return joined([about_thing(random, random.choice(ALL_THINGS), language) for _ in range(3)], language)


def _facts(random: Random, language: Language) -> str:
    return joined([fact.tell(random, language) for fact in random.sample(known_facts(), 6)], language)


def _words(random: Random, language: Language) -> str:
    words = random.sample(ALL_THINGS + ALL_LABELS, 10)
    other: Language = "en" if language == "zh" else "zh"
    return " ".join(f"{word.say(language)} = {word.say(other)}." for word in words)


def _kinds(random: Random, language: Language) -> str:
    sentences = []
    for _ in range(8):
        kind = random.choice(sorted(KINDS))
        thing = pick(random, THINGS[kind], language)
        sentences.append(filled(random, random.choice(_KIND_OF), language, thing=thing, kind=KINDS[kind].say(language)))
    return joined(sentences, language)
