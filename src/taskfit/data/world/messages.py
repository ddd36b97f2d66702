"""What customers write to the shops of the world: short messages built from parts, the same parts in both languages."""

from random import Random

from taskfit.core.text import Language, Text
from taskfit.data.world.words import BAD, DAYS, GOOD, PEOPLE, TOWNS, Word, pick

_OPENINGS = (
    Text("", ""),
    Text("", ""),
    Text("Hello.", "你好。"),
    Text("Good morning.", "早上好。"),
    Text("Please help.", "请帮忙。"),
)
_STATES = (
    Text("The {thing} is late.", "{thing}还没到。"),
    Text("My {thing} is broken.", "我的{thing}坏了。"),
    Text("The {thing} is too small.", "{thing}太小了。"),
    Text("The {thing} is too big.", "{thing}太大了。"),
    Text("The {thing} came dirty.", "收到的{thing}是脏的。"),
    Text("I lost my {thing}.", "我的{thing}丢了。"),
    Text("I ordered a {thing} on {day}.", "我{day}订了{thing}。"),
    Text("I bought this {thing} in {town}.", "我在{town}买了{thing}。"),
    Text("We need a {thing} by {day}.", "我们{day}前要用{thing}。"),
    Text("{person} sent me a {thing}.", "{person}寄给我{thing}。"),
)
_WISHES = (
    Text("", ""),
    Text("Please send a new one.", "请再寄一个。"),
    Text("I want my money back.", "我想退款。"),
    Text("Can you repair it?", "能修吗？"),
    Text("Where is it now?", "现在在哪里？"),
    Text("Who can help me?", "谁能帮我？"),
    Text("What does a {thing} cost?", "{thing}多少钱？"),
    Text("Do you have another {thing}?", "还有别的{thing}吗？"),
)
_TOWN_STATES = (
    Text("I live in {town}.", "我住在{town}。"),
    Text("This is for {town}.", "这是寄往{town}的。"),
    Text("We wait in {town} since {day}.", "我们{day}起在{town}等。"),
    Text("Nothing came to {town} yet.", "{town}还没收到。"),
    Text("The road to {town} is closed.", "去{town}的路封了。"),
    Text("When do you come to {town}?", "什么时候来{town}？"),
)
_REVIEWS = (
    Text("The {thing} is {adjective}.", "{thing}{adjective}。"),
    Text("What a {adjective} {thing}!", "这{thing}真{adjective}！"),
    Text("I find my {thing} {adjective}.", "我觉得{thing}{adjective}。"),
    Text("{person} says the {thing} is {adjective}.", "{person}说{thing}{adjective}。"),
    Text("The {thing} from {town} is {adjective}.", "{town}的{thing}{adjective}。"),
)


def filled(random: Random, template: Text, language: Language, **given: str) -> str:
    """Return `template` with its slots filled: the `given` ones as they are, the others at random."""
    slots = {
        "day": pick(random, DAYS, language),
        "town": pick(random, TOWNS, language),
        "person": pick(random, PEOPLE, language),
    }
    sentence = template.in_language(language).format(**(slots | given))
    return sentence.replace(" a a", " an a").replace(" a e", " an e").replace(" a i", " an i").replace(" a o", " an o")


def joined(parts: list[str], language: Language) -> str:
    """Return the sentences as one text."""
    return ("" if language == "zh" else " ").join(part for part in parts if part)


def about_thing(random: Random, thing: Word, language: Language) -> str:
    """Return a message about `thing`."""
    parts = [random.choice(_OPENINGS), random.choice(_STATES), random.choice(_WISHES)]
    return joined([filled(random, part, language, thing=thing.say(language)) for part in parts], language)


def state_of_thing(random: Random, thing: Word, language: Language) -> str:
    """Return one sentence about `thing`."""
    return filled(random, random.choice(_STATES), language, thing=thing.say(language))


def about_town(random: Random, town: Word, thing: Word, language: Language) -> str:
    """Return a message in which the town is what matters; a thing is named only in some."""
    parts = [random.choice(_OPENINGS), random.choice(_TOWN_STATES), random.choice(_WISHES)]
    words = {"town": town.say(language), "thing": thing.say(language)}
    return joined([filled(random, part, language, **words) for part in parts], language)


def review(random: Random, thing: Word, language: Language, *, good: bool) -> str:
    """Return one or two sentences that praise or blame `thing`."""
    parts = random.sample(_REVIEWS, random.choice((1, 1, 2)))
    words = GOOD if good else BAD
    return joined(
        [
            filled(random, part, language, thing=thing.say(language), adjective=pick(random, words, language))
            for part in parts
        ],
        language,
    )
