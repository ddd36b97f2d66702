"""A model that writes what the recipes ask for: a pure function of the prompt, in English and Chinese; and a server with faults."""

import hashlib
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from model.fake_endpoint import Messages, Reply, error, said
from taskfit.workshop.judges import GRADE
from taskfit.workshop.recipes import alpaca, backtranslate, evolve, paraphrase, preferences, questions, self_instruct

WORDS = {
    "en": (
        [
            "Compose",
            "Explain",
            "Compare",
            "Rank",
            "Outline",
            "Invent",
            "Translate",
            "Shorten",
            "Correct",
            "Justify",
            "Describe",
            "Estimate",
            "Arrange",
            "Criticise",
            "Praise",
            "Summarise",
            "Question",
            "Simplify",
            "Propose",
            "Predict",
        ],
        [
            "harbours",
            "bicycles",
            "mushrooms",
            "contracts",
            "violins",
            "deserts",
            "kitchens",
            "elections",
            "glaciers",
            "puzzles",
            "bridges",
            "gardens",
            "markets",
            "novels",
            "planets",
            "railways",
            "recipes",
            "sculptures",
            "theatres",
            "volcanoes",
            "islands",
            "clocks",
            "forests",
            "museums",
            "oceans",
        ],
        [
            "sailors",
            "children",
            "farmers",
            "nurses",
            "lawyers",
            "painters",
            "teachers",
            "engineers",
            "bakers",
            "tourists",
            "pilots",
            "monks",
            "judges",
            "hunters",
            "poets",
        ],
        [
            "briefly",
            "politely",
            "in",
            "three",
            "steps",
            "with",
            "one",
            "example",
            "without",
            "adjectives",
            "as",
            "a",
            "dialogue",
            "in",
            "rhyme",
            "as",
            "a",
            "table",
            "using",
            "numbers",
            "for",
            "beginners",
            "under",
            "pressure",
            "at",
            "dawn",
        ],
    ),
    "zh": (
        [
            "撰写",
            "解释",
            "比较",
            "概括",
            "设计",
            "修改",
            "列举",
            "评价",
            "分析",
            "推荐",
            "整理",
            "续写",
            "翻译",
            "计算",
            "归纳",
            "安排",
            "模仿",
            "反驳",
            "校对",
            "预测",
        ],
        [
            "港口贸易",
            "山地骑行",
            "野生蘑菇",
            "租房合同",
            "小提琴课",
            "沙漠旅行",
            "社区厨房",
            "班级选举",
            "冰川变化",
            "数字谜题",
            "石拱古桥",
            "阳台花园",
            "夜市小吃",
            "武侠小说",
            "火星探测",
            "高铁换乘",
            "年夜饭菜",
            "泥塑手艺",
            "话剧排练",
            "火山温泉",
            "海岛民宿",
            "老式钟表",
            "护林巡查",
            "博物馆展",
            "远洋捕捞",
        ],
        [
            "渔民",
            "小学生",
            "农场主",
            "护士长",
            "律师",
            "画家",
            "班主任",
            "工程师",
            "面包师",
            "游客",
            "飞行员",
            "僧人",
            "法官",
            "猎人",
            "诗人",
        ],
        [
            "语气委婉",
            "分三步说",
            "举一个例子",
            "不用形容词",
            "用对话体",
            "尽量押韵",
            "列成表格",
            "写明数字",
            "面向新手",
            "时间紧迫",
        ],
    ),
}


def dice_of(messages: Messages, extra: object = "") -> random.Random:
    """Return randomness that depends on what was asked alone."""
    told = json.dumps([list(messages), extra], ensure_ascii=False, sort_keys=True)
    return random.Random(hashlib.sha256(told.encode()).hexdigest())


def writer(body: Mapping[str, Any]) -> Reply:
    """Answer as a well-behaved model does; another seed gives another answer."""
    messages = body["messages"]
    prompt = messages[-1]["content"]
    dice = dice_of(messages, body.get("seed"))
    for marks, answer in ANSWERS:
        for language in ("en", "zh"):
            if prompt.startswith(marks.in_language(language).split("$")[0][:25]):
                return said(answer(prompt, language, dice))
    return said(_sentence(dice, "zh" if "的" in prompt or "，" in prompt else "en", 12))


def _sentence(dice: random.Random, language: str, words: int) -> str:
    bag = [word for kind in WORDS[language] for word in kind]
    chosen = dice.sample(bag, words)
    return "，".join(chosen) + "。" if language == "zh" else " ".join(chosen).capitalize() + "."


def _instruction(dice: random.Random, language: str) -> str:
    verbs, things, people, ways = WORDS[language]
    if language == "zh":
        return f"请为{dice.choice(people)}{dice.choice(verbs)}一段关于{dice.choice(things)}与{dice.choice(things)}的内容，{dice.choice(ways)}"
    return f"{dice.choice(verbs)} {dice.choice(things)} and {dice.choice(things)} to {dice.choice(people)} {' '.join(dice.sample(ways, 3))}"


def _tasks(prompt: str, language: str, dice: random.Random) -> str:
    items = [_instruction(dice, language) for _ in range(7)]
    odd = ["Draw a picture of them" if language == "en" else "画一张图片展示它们的外形"]
    items[dice.randrange(7)] = dice.choice(odd) if dice.random() < 0.3 else items[0]
    return (
        f" {items[0]}\n"
        + "\n".join(f"{number}. {text}" for number, text in enumerate(items[1:], 10))
        + "\n16. one more"
    )


def _yes(prompt: str, language: str, dice: random.Random) -> str:
    return dice.choice({"en": ("Yes", "No", "No."), "zh": ("是", "否", "否。")}[language])


def _inputs(prompt: str, language: str, dice: random.Random) -> str:
    i, o, e = ("Input: ", "Output: ", "Example") if language == "en" else ("输入：", "输出：", "示例")
    if dice.random() < 0.3:
        return f"{i}{'None' if language == 'en' else '无'}\n{o}{_sentence(dice, language, 10)}"
    first, second = _sentence(dice, language, 6), _sentence(dice, language, 7)
    out = first if dice.random() < 0.1 else _sentence(dice, language, 8)
    return f"{i}{first}\n{o}{out}\n{e} 2\n{i}{second}\n{o}{_sentence(dice, language, 5)}"


def _labels(prompt: str, language: str, dice: random.Random) -> str:
    label, given = ("Class label: ", "Input: ") if language == "en" else ("类别：", "输入：")
    names = ("good", "bad") if language == "en" else ("赞成", "反对")
    return "\n".join(f"{label}{name}\n{given}{_sentence(dice, language, 6)}" for name in names)


def _whole(prompt: str, language: str, dice: random.Random) -> str:
    head, i, o = ("Instruction: ", "Input: ", "Output: ") if language == "en" else ("指令：", "输入：", "输出：")
    parts = []
    for number in range(4, 13):
        given = "<noinput>" if dice.random() < 0.5 else _sentence(dice, language, 6)
        text = "" if number == 4 else f"{number}. {head}"
        parts.append(
            f"{text}{_instruction(dice, language)}\n{number}. {i}{given}\n{number}. {o}{_sentence(dice, language, 9)}"
        )
    return "\n###\n".join(parts) + "\n20. over"


def _evolved(prompt: str, language: str, dice: random.Random) -> str:
    return _instruction(dice, language)


def _asked_for(prompt: str, language: str, dice: random.Random) -> str:
    return _instruction(dice, language)


def _grade(prompt: str, language: str, dice: random.Random) -> str:
    score = dice.choice((5, 5, 4, 4, 2))
    return "```json\n" + json.dumps({"score": score, "reason": "it is"}) + "\n```"


def _questions(prompt: str, language: str, dice: random.Random) -> str:
    text = prompt.rpartition("Document:\n" if language == "en" else "文档：\n")[2]
    quote = text[: max(8, len(text) // 3)]
    items = [
        {"question": _instruction(dice, language) + "?", "answer": _sentence(dice, language, 5), "quote": quote},
        {
            "question": _instruction(dice, language) + "?",
            "answer": _sentence(dice, language, 5),
            "quote": "nowhere at all",
        },
    ]
    return "Here they are: " + json.dumps(items, ensure_ascii=False)


def _other_words(prompt: str, language: str, dice: random.Random) -> str:
    text = prompt.partition("\n\n")[2]
    numbers = " ".join(word for word in text.replace("。", " ").split() if word.isdigit())
    return f"1. {_sentence(dice, language, 6)} {numbers}\n2. {text}\n3. {_sentence(dice, language, 7)} 99"


def _better(prompt: str, language: str, dice: random.Random) -> str:
    """Prefer the answer that comes first in the alphabet, in either order; and A sometimes, whatever it is."""
    first, second = ("Answer A:\n", "\n\nAnswer B:\n") if language == "en" else ("回答 A：\n", "\n\n回答 B：\n")
    one, _, other = prompt.partition(first)[2].partition(second)
    better = "A" if hash_of(one + other) % 7 == 0 and hash_of(other + one) % 7 == 0 else "A" if one < other else "B"
    return json.dumps({"better": better, "reason": "so"})


def hash_of(text: str) -> int:
    return int(hashlib.sha256("".join(sorted(text)).encode()).hexdigest(), 16)


Answer = Callable[[str, str, random.Random], str]
ANSWERS: Sequence[tuple[object, Answer]] = (
    (self_instruct.TASKS, _tasks),
    (self_instruct.IS_CLASS, _yes),
    (self_instruct.INPUT_FIRST, _inputs),
    (self_instruct.OUTPUT_FIRST, _labels),
    (alpaca.TASKS, _whole),
    (evolve.FRAME, _evolved),
    (evolve.BREADTH, _evolved),
    (evolve.SAME, lambda prompt, language, dice: {"en": "No", "zh": "否"}[language]),
    (backtranslate.ASK, _asked_for),
    (backtranslate.SCORE, _grade),
    (GRADE, _grade),
    (questions.ASK, _questions),
    (paraphrase.ASK, _other_words),
    (preferences.COMPARE, _better),
)  # fmt: skip


@dataclass
class Till:
    """A server that makes trouble at the first try of some requests, and counts what it was paid for.

    When `paid` reaches `close_at`, it answers nobody any more until it is opened again: then those who wait are sent away.
    """

    slow_seconds: float = 0.0
    trouble: float = 0.4
    close_at: int | None = None
    paid: Counter[str] = field(default_factory=Counter)
    tries: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    closed: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, body: dict[str, Any]) -> Reply:
        """Answer, or make trouble."""
        key = json.dumps(body, ensure_ascii=False, sort_keys=True)
        with self.lock:
            self.tries[key] += 1
            first = self.tries[key] == 1
            shut = self.close_at is not None and sum(self.paid.values()) >= self.close_at
            fault = self._fault(key) if first else None
            if not shut and fault is None:
                self.paid[key] += 1
            if not shut and fault is not None:
                self.faults[fault[0]] += 1
        if shut:
            self.closed.set()
            self.opened.wait(60)
            return Reply(drop=True)
        if fault is not None:
            return fault[1]
        reply = writer(body)
        return Reply(body=reply.body, seconds=self.slow_seconds)

    def reopen(self, close_at: int | None) -> None:
        """Send away those who wait, and do business again."""
        self.close_at = close_at
        self.closed.clear()
        self.opened.set()
        self.opened = threading.Event()

    def _fault(self, key: str) -> tuple[str, Reply] | None:
        dice = random.Random(f"fault:{key}")
        if dice.random() >= self.trouble:
            return None
        return dice.choice(
            [
                ("429", error(429, "slow down", Retry_After="0")),
                ("429 with a wait", error(429, "slow down", Retry_After="1")),
                ("500", error(500)),
                ("time-out", Reply(body="late", seconds=1.5)),
                ("torn", replace(said("an answer of which only half arrives, and then nothing"), torn=True)),
                ("nonsense", Reply(body="<html>busy</html>")),
                ("wrong JSON", Reply(body={"choices": []})),
                ("half JSON", Reply(body='{"choices": [{"message"')),
                ("dropped", Reply(drop=True)),
            ]
        )
