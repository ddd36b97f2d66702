"""Evol-Instruct: instructions grow harder (in depth) or give birth to new ones (in breadth); what fails is eliminated.

Xu et al. 2023, WizardLM, arXiv:2304.12244. Where an evolution fails, the old instruction waits for the next generation.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.settings import setting
from taskfit.core.text import Language, Text
from taskfit.data.record import Record
from taskfit.workshop.filters import is_refusal, wrong_answer, wrong_instruction
from taskfit.workshop.maker import Reply, Sampling
from taskfit.workshop.reading import yes_or_no
from taskfit.workshop.recipe import Batch, Need, Recipe, Rejected, Turn, fill, group_of, talk, with_input

FRAME = Text(
    """Rewrite the task below so that a capable assistant finds it somewhat harder, while people still understand it and can answer it. \
$how Add no more than about twenty words. Reply with the new task and nothing else.

Task:
$task""",
    """请改写下面的任务，让能力较强的助手也觉得稍难，但人仍能看懂并作答。$how 增加的内容不超过三十个字。只输出新任务，不要其他内容。

任务：
$task""",
)
DEPTH: Mapping[str, Text] = {
    "constraint": Text("Add one more condition that the answer has to meet.", "再加一个回答必须满足的条件。"),
    "deepen": Text(
        "Where it asks about a matter, let it ask more deeply and more broadly about it.",
        "对任务所问的内容，问得更深、更广。",
    ),
    "concrete": Text("Put something more special in the place of what is general.", "把笼统的说法换成更具体的情形。"),
    "reasoning": Text(
        "If a single step is enough to solve it, let several steps of thought be needed, and say so in the task.",
        "如果一步就能解决，请改成需要多步思考，并在任务中写明。",
    ),
    "data": Text(
        "Give it a piece of material to work on: a small table, a few lines of code, a letter, a formula.",
        "给它配一段要处理的材料：一个小表格、几行代码、一封信或一个公式。",
    ),
}
BREADTH = Text(
    """Take the task below as a stimulus for an altogether new one from the same field, but rarer. It should be about as long and as \
hard, and answerable in words. Reply with the new task and nothing else.

Task:
$task""",
    """请以下面的任务为启发，写一个同一领域但更少见的全新任务。长度和难度相近，并且能用文字回答。只输出新任务，不要其他内容。

任务：
$task""",
)
SAME = Text(
    """Here are two tasks. Do both make the same demands, go equally deep, and ask for the same? Say Yes or No.

First:
$old

Second:
$new""",
    """下面有两个任务。它们的要求、深度和所问的内容都相同吗？请回答“是”或“否”。

第一个：
$old

第二个：
$new""",
)
_LEAK = re.compile(
    r"given task|rewritten task|new task\s*:|the task below|task\s*:\s*$|改写后的任务|新任务\s*[:：]|原任务|上述任务|下面的任务",
    re.IGNORECASE,
)
_HEAD = re.compile(r"^\W*(?:new task|rewritten task|task|新任务|任务)\W*[:：]\W*", re.IGNORECASE)


@dataclass(frozen=True)
class _Step:
    """One instruction on its way: the old text, its depth so far, and how it evolves now."""

    text: str
    depth: int
    root: str
    how: str


class Evolve(Recipe):
    """Harder instructions out of those there are, and their answers."""

    about: ClassVar[Text] = Text(
        "Evol-Instruct: instructions made harder step by step, with answers", "Evol-Instruct：逐步加深指令并作答"
    )
    when: ClassVar[Text] = Text("the instructions there are, are too easy or too alike", "现有指令太简单或太雷同时")
    needs: ClassVar[Need] = "seeds"
    prompts: ClassVar[tuple[Text, ...]] = (FRAME, *DEPTH.values(), BREADTH, SAME)

    batch: int = setting(16, "instructions a round", "每轮处理的指令数", ge=1, le=1000)
    generations: int = setting(4, "how often one instruction may evolve", "一条指令最多演化的次数", ge=1, le=20)
    breadth: float = setting(0.2, "share of evolutions into new instructions", "广度演化所占比例", ge=0, le=1)
    temperature: float = setting(1.0, "how freely is written", "随机程度", ge=0, le=2)
    max_tokens: int = setting(1024, "most tokens of an answer", "回答的最大 token 数", ge=16, le=100_000)

    def make(self, turn: Turn) -> Batch:
        """Do one round: evolve, compare, answer, eliminate."""
        texts_at_start = _starts(turn)
        rounds = -(-len(texts_at_start) // self.batch)  # of one generation
        place = turn.number % rounds * self.batch
        dice = turn.dice("evolve")
        steps = [self._step(text, turn, rounds, dice) for text in texts_at_start[place : place + self.batch]]
        evolved = turn.ask(
            [_prompt(step, turn.language) for step in steps], Sampling(self.temperature, 0.9, None, (), 512)
        )
        texts = [_HEAD.sub("", reply.text.strip()) for reply in evolved]
        rejected: list[Rejected | None] = [
            _failed(step, text, reply, turn) for step, text, reply in zip(steps, texts, evolved, strict=True)
        ]
        self._compare(steps, texts, rejected, turn)
        rows = self._answer(steps, texts, rejected, turn)
        lost = tuple(one for one in rejected if one is not None)
        return Batch(tuple(rows), lost, finished=turn.number + 1 == rounds * self.generations)

    def _step(self, text: str, turn: Turn, rounds: int, dice: random.Random) -> _Step:
        """Return how a text evolves now: from its last evolution that succeeded, or from the start."""
        how = "breadth" if dice.random() < self.breadth else dice.choice(list(DEPTH))
        root = group_of(text)
        for number in range(turn.number - rounds, -1, -rounds):
            for row in turn.before[number]:
                if row.group == root:
                    return _Step(row.prompt, int(row.about["depth"]), root, how)
        return _Step(text, 0, root, how)

    def _compare(
        self, steps: Sequence[_Step], texts: Sequence[str], rejected: list[Rejected | None], turn: Turn
    ) -> None:
        left = [place for place, why in enumerate(rejected) if why is None]
        prompts = [fill(SAME, turn.language, old=steps[place].text, new=texts[place]) for place in left]
        replies = turn.ask(prompts, Sampling(temperature=0.0, max_tokens=8))
        for place, reply in zip(left, replies, strict=True):
            if yes_or_no(reply.text) is True:
                rejected[place] = _lost("no_gain", steps[place], texts[place])

    def _answer(
        self, steps: Sequence[_Step], texts: Sequence[str], rejected: list[Rejected | None], turn: Turn
    ) -> list[Record]:
        left = [place for place, why in enumerate(rejected) if why is None]
        replies = turn.ask([texts[place] for place in left], Sampling(0.0, max_tokens=self.max_tokens))
        rows: list[Record] = []
        for place, reply in zip(left, replies, strict=True):
            step, reason = steps[place], wrong_answer(reply)
            if reason is None:
                about = {"parent": step.root, "evolution": step.how, "depth": str(step.depth + 1)}
                rows.append(talk(texts[place], reply.text.strip(), group=step.root, about=about))
            else:
                rejected[place] = _lost(reason, step, texts[place], answer=reply.text)
        return rows


def _starts(turn: Turn) -> list[str]:
    """Return the instructions to begin with, each once, in an order that the seed decides."""
    own = [with_input(task.instruction, task.instances[0].input) for task in turn.material.seeds]
    texts = [*own, *(record.prompt for record in turn.material.records)]
    starts = list(dict.fromkeys(text for text in texts if text))
    random.Random(f"{turn.seed}:order").shuffle(starts)
    return starts


def _prompt(step: _Step, language: Language) -> str:
    if step.how == "breadth":
        return fill(BREADTH, language, task=step.text)
    return fill(FRAME, language, how=DEPTH[step.how].in_language(language), task=step.text)


def _failed(step: _Step, text: str, reply: Reply, turn: Turn) -> Rejected | None:
    if reply.failed:
        return _lost("no_answer", step, "", why=reply.text)
    if reply.finish == "length":
        return _lost("cut", step, text)
    if not text:
        return _lost("too_short", step, text)
    if is_refusal(text):
        return _lost("refusal", step, text)
    if _LEAK.search(text) and not _LEAK.search(step.text):
        return _lost("prompt_leak", step, text)
    reason = wrong_instruction(text, turn.language)
    if reason in ("too_short", "beyond_text", "wrong_language"):
        return _lost(reason, step, text)
    if step.how == "breadth":
        near = turn.pool.admit(text)
        return None if near is None else _lost("similar", step, text, near=near)
    turn.pool.put(text)
    return None


def _lost(reason: str, step: _Step, text: str, **more: str) -> Rejected:
    said = {"instruction": text, "evolution": step.how, "from": step.text, **more}
    return Rejected(reason, said, step.root)
