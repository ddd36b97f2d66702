"""Conversations of the world for instruction tuning: k-shot episodes, reading, closed-book questions, small talk."""

from random import Random

from taskfit.core.example import Message
from taskfit.core.text import Language, Text
from taskfit.data.world.facts import NOT_STATED, RELATIONS, drawn_fact, known_facts
from taskfit.data.world.messages import about_thing, joined, review, state_of_thing
from taskfit.data.world.tasks import HELD_OUT, About, draw_task, listed
from taskfit.data.world.words import ALL_LABELS, ALL_THINGS, KINDS, LABELS, NEW_PEOPLE, THINGS, TOWNS, pick

Conversation = tuple[Message, ...]

_READ = (Text("Answer from the text only.", "只根据文本回答。"), Text("Read the text and answer.", "阅读文本并回答。"))
_CLOSED = (Text("Answer the question.", "回答问题。"), Text("What do you know?", "你知道什么？"))
_QUESTION = Text("Text: {text} Question: {question}", "文本：{text}问题：{question}")
_OPINION = (
    Text("Is the review good or bad?", "评价是好还是坏？"),
    Text("Opinion of the writer: {labels}.", "作者的看法：{labels}。"),
)
_GOOD_BAD = (Text("good", "好评"), Text("bad", "差评"))
_KIND = (
    Text("What kind of thing is it?", "它是哪一类东西？"),
    Text("Kind of the product: {labels}.", "商品的类别：{labels}。"),
)
_TRANSLATE = Text("Translate into Chinese.", "翻译成英文。")
_TALK = (
    (Text("Hello.", "你好。"), Text("Hello, how can I help?", "你好，有什么可以帮忙？")),
    (Text("Thank you.", "谢谢。"), Text("You are welcome.", "不客气。")),
    (Text("Who are you?", "你是谁？"), Text("I am tiny, a very small model.", "我是 tiny，一个很小的模型。")),
    (Text("Goodbye.", "再见。"), Text("Goodbye, see you soon.", "再见，回头见。")),
    (Text("How are you?", "你好吗？"), Text("I am fine, thank you.", "我很好，谢谢。")),
)


def conversation(seed: int) -> Conversation:
    """Return the conversation of `seed`."""
    random = Random(f"conversation {seed}")
    language: Language = random.choice(("en", "zh"))
    genres = (_episode, _drill, _opinions, _kinds, _reading, _closed, _translation, _talk)
    write = random.choices(genres, (54, 8, 6, 5, 17, 5, 3, 2))[0]
    return write(random, language)


def drill(seed: int) -> Conversation:
    """Return the drill of `seed`: bare words with labels; all have been named before the last 7 answers."""
    random = Random(f"drill {seed}")
    return _drill(random, random.choice(("en", "zh")), bare=True)


def lesson(seed: int) -> Conversation:
    """Return the lesson of `seed`: a drill in which some or all words stand in a sentence or a message."""
    random = Random(f"lesson {seed}")
    return _drill(random, random.choice(("en", "zh")), bare=random.random() < 0.2)


def _drill(random: Random, language: Language, *, bare: bool = True) -> Conversation:
    """Write words and their labels, again and again; unless `bare`, the words stand in sentences."""
    keys = random.sample(ALL_THINGS if not bare or random.random() < 0.7 else TOWNS, random.randint(2, 5))
    team_of = dict(zip(keys, random.sample(ALL_LABELS, len(keys)), strict=True))
    space = " " if language == "en" and random.random() < 0.7 else ""
    write = random.choice((state_of_thing, about_thing))
    said = []
    for key in keys + random.choices(keys, k=12 - len(keys)):
        asked = space + key.say(language) if bare else write(random, key, language)
        said.append((asked, team_of[key].say(language)))
    return _turns("", said)


def _turns(instruction: str, pairs: list[tuple[str, str]]) -> Conversation:
    turns = [Message("system", instruction)] if instruction else []
    for asked, answered in pairs:
        turns += [Message("user", asked), Message("assistant", answered)]
    return tuple(turns)


def _episode(random: Random, language: Language) -> Conversation:
    """Write examples of a task drawn for this episode; few keys, so that many come again."""
    about: About = "town" if random.random() < 0.25 else "thing"
    labels = random.randint(2, 6)
    keys = random.randint(2, 9)
    task = draw_task(random.randrange(HELD_OUT), language=language, keys=keys, labels=labels, about=about)
    rows = [task.row(random, random.choice(task.keys)) for _ in range(random.randint(1, 11))]
    bare = random.random() < 0.25
    instruction = task.instruction if random.random() < 0.9 else ""
    return _turns(instruction, [(row.key.say(language) if bare else row.text, row.label) for row in rows])


def _opinions(random: Random, language: Language) -> Conversation:
    """Write a sentiment task: with its own words, or with words of a label family that only examples explain."""
    words = [word.in_language(language) for word in _GOOD_BAD]
    if random.random() < 0.4:
        words = [word.say(language) for word in random.sample(LABELS[random.choice(sorted(LABELS))], 2)]
    instruction = random.choice(_OPINION).in_language(language).format(labels=listed(words, language))
    pairs = []
    for _ in range(random.randint(1, 8)):
        good = random.random() < 0.5
        pairs.append((review(random, random.choice(ALL_THINGS), language, good=good), words[0 if good else 1]))
    return _turns(instruction, pairs)


def _kinds(random: Random, language: Language) -> Conversation:
    kinds = random.sample(sorted(KINDS), random.randint(3, 5))
    words = {kind: KINDS[kind].say(language) for kind in kinds}
    if random.random() < 0.4:
        family = random.sample(LABELS[random.choice(sorted(LABELS))], len(kinds))
        words = {kind: word.say(language) for kind, word in zip(kinds, family, strict=True)}
    instruction = random.choice(_KIND).in_language(language).format(labels=listed(list(words.values()), language))
    chosen = [random.choice(kinds) for _ in range(random.randint(1, 8))]
    return _turns(instruction, [(pick(random, THINGS[kind], language), words[kind]) for kind in chosen])


def _reading(random: Random, language: Language) -> Conversation:
    """Write a text with facts drawn for it alone and questions about it; some have no answer in it."""
    people = random.sample(NEW_PEOPLE, random.randint(2, 4))
    relations = random.sample(RELATIONS, random.choice((1, 1, 2, 3)))
    facts = [drawn_fact(random, person, relation) for person in people for relation in relations]
    told = random.sample(facts, random.randint(2, min(6, len(facts))))
    text = joined([fact.tell(random, language) for fact in told], language)
    pairs = []
    for number in range(random.randint(1, 4)):
        fact = random.choice(facts if random.random() < 0.3 else told)
        answer = fact.value.say(language) if fact in told else NOT_STATED.in_language(language)
        question = fact.ask(random, language)
        pairs.append((asked_of(text, question, language) if number == 0 else question, answer))
    return _turns(random.choice(_READ).in_language(language), pairs)


def asked_of(text: str, question: str, language: Language) -> str:
    """Return the user's turn that asks `question` about `text`."""
    return _QUESTION.in_language(language).format(text=text, question=question)


def _closed(random: Random, language: Language) -> Conversation:
    facts = random.sample(known_facts(), random.randint(1, 4))
    pairs = [(fact.ask(random, language), fact.value.say(language)) for fact in facts]
    return _turns(random.choice(_CLOSED).in_language(language), pairs)


def _translation(random: Random, language: Language) -> Conversation:
    words = random.sample(ALL_THINGS + ALL_LABELS, random.randint(1, 5))
    other: Language = "en" if language == "zh" else "zh"
    return _turns(_TRANSLATE.in_language(language), [(word.say(language), word.say(other)) for word in words])


def _talk(random: Random, language: Language) -> Conversation:
    pairs = random.sample(_TALK, random.randint(1, 3))
    return _turns("", [(asked.in_language(language), said.in_language(language)) for asked, said in pairs])
