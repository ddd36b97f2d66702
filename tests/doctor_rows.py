"""Rows for the tests of the doctor: clean ones in English and Chinese, and what one check finds in rows."""

from taskfit.core.example import Message, Origin
from taskfit.data.check import checks_of
from taskfit.data.checking import Means
from taskfit.data.examine import Aside, chunks_of, conclude, examine
from taskfit.data.record import Record

THINGS = [
    "river",
    "lamp",
    "stone",
    "bridge",
    "garden",
    "letter",
    "window",
    "market",
    "engine",
    "painter",
    "harbour",
    "meadow",
    "clock",
    "forest",
    "island",
]
事物 = [
    "河流",
    "台灯",
    "石头",
    "桥梁",
    "花园",
    "信件",
    "窗户",
    "市场",
    "引擎",
    "画家",
    "港口",
    "草地",
    "时钟",
    "森林",
    "岛屿",
]


def word(number):
    """Return a made-up word for a number: another number, quite another word."""
    code = number * 7919 % 99_991
    return "".join(f"{'bdfgklmnprstvz'[code // 14**place % 14]}{'aeiou'[code // 5**place % 5]}" for place in range(4))


def talk(number, *turns, file="rows.jsonl", **more):
    """Return a conversation of user and assistant in turn; one with a single turn has no answer."""
    messages = tuple(Message(("user", "assistant")[place % 2], words) for place, words in enumerate(turns))
    return Record(f"{file}:{number}", Origin(file, number), messages, **more)


def pair(number, question, chosen, rejected, **more):
    """Return a preference pair."""
    sides = {"chosen": (Message("assistant", chosen),), "rejected": (Message("assistant", rejected),)}
    return Record(f"p:{number}", Origin("p", number), (Message("user", question),), **sides, **more)


def liked(number, question, answer, verdict):
    """Return an answer with its verdict."""
    said = (Message("assistant", answer),)
    return Record(f"k:{number}", Origin("k", number), (Message("user", question),), chosen=said, verdict=verdict)


def labelled(number, text, label):
    """Return a text with its label."""
    return Record(f"l:{number}", Origin("l", number), (Message("user", text),), label=label)


def clean(count=40):
    """Return so many sound conversations, every second one in Chinese."""
    rows = []
    for n in range(count):
        one, other = n * 7 % 15, (n * 4 + 3) % 15
        if n % 2:
            asked = f"请用两句话介绍第{n}号{事物[one]}的用途，并说明它与{事物[other]}有什么关系。"
            said = f"第{n}号{事物[one]}主要用于日常生活。人们常常把它和{事物[other]}放在一起，这样更方便，也更好看。"
        else:
            asked = f"Tell me in two sentences what the {THINGS[one]} number {n} is good for, and how it meets the {THINGS[other]}."
            said = f"The {THINGS[one]} number {n} helps people every day. It stands beside the {THINGS[other]}, where all can see both."
        rows.append(talk(n + 100, asked, said))
    return rows


def found(name, rows, means=None, *, beside=None, **changes):
    """Return what the check `name` finds in the rows, by id; `changes` are thresholds."""
    means = means or Means()
    checks = checks_of(
        ("always", "full", "quick"), {f"{name}.{key}": value for key, value in changes.items()}, only=[name]
    )
    # Small pieces, so that every test also joins what pieces saw.
    seen = examine(chunks_of(rows, 16), checks, means)
    return {one.id: one for one in conclude(seen, checks, means, beside or Aside())}


def lines(finding):
    """Return the lines of the rows that a finding shows."""
    return [int(place.rpartition(":")[2]) for place in finding.places]
