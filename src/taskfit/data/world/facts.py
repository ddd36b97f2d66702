"""What is true in the world: where people live, their work, what they sell; and how it is told and asked."""

from dataclasses import dataclass
from random import Random

from taskfit.core.text import Language, Text
from taskfit.data.world.words import ALL_THINGS, JOBS, KNOWN_PEOPLE, TOWNS, Word

NOT_STATED = Text("not stated", "没有说明")


@dataclass(frozen=True)
class Relation:
    """One kind of fact about a person: how it is told and how it is asked for."""

    told: tuple[Text, ...]
    asked: tuple[Text, ...]
    values: tuple[Word, ...]


RELATIONS = (
    Relation(
        (
            Text("{person} lives in {value}.", "{person}住在{value}。"),
            Text("The home of {person} is {value}.", "{person}的家在{value}。"),
        ),
        (
            Text("Where does {person} live?", "{person}住在哪里？"),
            Text("In which town is {person}?", "{person}在哪个城镇？"),
        ),
        TOWNS,
    ),
    Relation(
        (
            Text("{person} works as a {value}.", "{person}是{value}。"),
            Text("The work of {person} is {value}.", "{person}的工作是{value}。"),
        ),
        (Text("What is the work of {person}?", "{person}做什么工作？"),),
        JOBS,
    ),
    Relation(
        (
            Text("{person} sells a {value}.", "{person}卖{value}。"),
            Text("At {person} you can buy a {value}.", "在{person}那里可以买到{value}。"),
        ),
        (Text("What does {person} sell?", "{person}卖什么？"),),
        ALL_THINGS,
    ),
)


@dataclass(frozen=True)
class Fact:
    """One fact: a person, a kind of fact, its value."""

    person: Word
    relation: Relation
    value: Word

    def tell(self, random: Random, language: Language) -> str:
        """Return the fact as a sentence."""
        return self._say(random.choice(self.relation.told), language)

    def ask(self, random: Random, language: Language) -> str:
        """Return a question whose answer is the value."""
        return self._say(random.choice(self.relation.asked), language)

    def _say(self, template: Text, language: Language) -> str:
        return template.in_language(language).format(person=self.person.say(language), value=self.value.say(language))


def drawn_fact(random: Random, person: Word, relation: Relation) -> Fact:
    """Return a fact about `person` with a value drawn at random."""
    return Fact(person, relation, random.choice(relation.values))


def known_facts() -> tuple[Fact, ...]:
    """Return the facts that never change and that training text tells: all of the known people's."""
    random = Random("facts of the world")
    return tuple(drawn_fact(random, person, relation) for person in KNOWN_PEOPLE for relation in RELATIONS)
