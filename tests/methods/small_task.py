"""A small task with three labels in English and Chinese, learnable from single words."""

import random
from pathlib import Path

from taskfit.core.example import Example, Practice, example_of
from taskfit.core.task import Label, Task

WORDS = {
    "food": "soup bread cook 菜 咸 送餐",
    "travel": "train hotel map 火车 酒店 地图",
    "money": "bank loan price 银行 贷款 工资",
}
ENGLISH, CHINESE = "the {} and the {}, {}", "{}和{}，{}"
TASK = Task(
    "classify",
    "Which topic? 哪个主题？",
    (Label("food", "food"), Label("travel", "travel"), Label("money", "money 钱")),
    ("accuracy", "macro_f1"),
    8,
)


def texts(count: int, *, seed: int = 0) -> list[tuple[str, str]]:
    """Return `count` different texts with their labels; English and Chinese take turns, and so do the labels."""
    dice = random.Random(seed)
    found = []
    for number in range(count):
        label = list(WORDS)[number % 3]
        words = WORDS[label].split()
        english = number % 2 == 0
        pair = dice.sample(words[:3] if english else words[3:], 2)
        found.append(((ENGLISH if english else CHINESE).format(*pair, number), label))
    return found


def rows(count: int, *, seed: int = 0) -> tuple[Example, ...]:
    """Return the texts as examples."""
    return tuple(example_of(text, label, number=i) for i, (text, label) in enumerate(texts(count, seed=seed)))


def divided() -> tuple[Practice, tuple[Example, ...]]:
    """Return practice (36 train, 12 dev) and 12 test rows."""
    every = rows(60)
    return Practice(every[:36], every[36:48]), every[48:]


def write_csv(path: Path, count: int, *, seed: int = 0) -> Path:
    """Write `count` rows as a CSV file and return its path."""
    lines = [f'"{text}",{label}' for text, label in texts(count, seed=seed)]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path
