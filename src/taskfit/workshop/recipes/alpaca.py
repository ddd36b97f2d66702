"""The way of Stanford Alpaca: three seed tasks shown, twenty whole tasks in one call, no step that asks for classes.

Taori et al. 2023. Fewer and longer calls than Self-Instruct: cheaper, and less varied.
"""

import random
import re
from collections.abc import Iterator
from typing import ClassVar

from taskfit.core.settings import setting
from taskfit.core.text import Language, Text
from taskfit.data.record import Record
from taskfit.workshop.instructions import refused_instruction, rows_of
from taskfit.workshop.maker import Reply, Sampling
from taskfit.workshop.reading import INPUT, OUTPUT, fields_in, nothing_is_empty
from taskfit.workshop.recipe import Batch, Need, Recipe, Rejected, Turn, fill
from taskfit.workshop.seeds import Instance, SeedTask

INSTRUCTION, NO_INPUT, MARK = Text("Instruction", "指令"), "<noinput>", "###"
TASKS = Text(
    """Write a collection of $count varied tasks, each with its instruction, its input and its output, as they could be given to a \
model that reads and writes text.

1. No verb and no topic should come twice; questions, orders and requests should all occur.
2. Mix kinds: open writing, sorting into classes, editing, reasoning, extracting, planning, and more.
3. A model without eyes, ears, a clock or the internet must be able to do every task.
4. An instruction is one or two sentences in English.
5. The input is concrete and realistic, at most 100 words. Where an instruction needs none, the input is $noinput
6. The output is a correct and complete answer, at most 150 words.

The $count tasks:

$shown
$mark
$next. Instruction:""",
    """请写出 $count 个各不相同的任务，每个任务包含指令、输入和输出，都可以交给一个读写文字的模型。

1. 动词和题材不要重复；疑问句、祈使句和请求都要出现。
2. 类型要混合：自由写作、分类、改写、推理、抽取、规划等。
3. 模型看不到、听不到，不知道现在的时间，也不能上网；每个任务都必须能完成。
4. 指令用中文写，一到两句话。
5. 输入要具体、真实，不超过 100 字。指令不需要输入时，输入写 $noinput
6. 输出要正确、完整，不超过 200 字。

这 $count 个任务：

$shown
$mark
$next. 指令：""",
)


class Alpaca(Recipe):
    """Whole tasks, many in one call."""

    about: ClassVar[Text] = Text(
        "Alpaca's way: twenty tasks with input and output in one call", "Alpaca 方式：一次生成二十个带输入输出的任务"
    )
    when: ClassVar[Text] = Text("as self_instruct, for less money", "同 self_instruct，但花费更少")
    needs: ClassVar[Need] = "seeds"
    prompts: ClassVar[tuple[Text, ...]] = (TASKS,)

    calls: int = setting(2, "prompts a round", "每轮的提示数", ge=1, le=1000)
    shown: int = setting(3, "seed tasks shown", "展示的种子任务数", ge=1, le=10)
    tasks: int = setting(20, "tasks of one call, those shown among them", "每次调用的任务数（含展示的）", ge=4, le=100)
    temperature: float = setting(1.0, "how freely is written", "随机程度", ge=0, le=2)
    max_tokens: int = setting(3072, "most tokens of one call", "每次调用的最大 token 数", ge=64, le=100_000)

    def make(self, turn: Turn) -> Batch:
        """Do one round."""
        dice = turn.dice("tasks")
        prompts = [self._prompt(turn, dice) for _ in range(self.calls)]
        rejected: list[Rejected] = []
        rows: list[Record] = []
        # as published: the model stops before it begins one more than asked for
        stop = (f"\n{self.tasks}.", f"{self.tasks}. ")
        for reply in turn.ask(prompts, Sampling(self.temperature, 1.0, None, stop, self.max_tokens)):
            if reply.failed:
                rejected.append(Rejected("no_answer", {"why": reply.text}))
            else:
                rows += self._rows(reply, turn, rejected)
        return Batch(tuple(rows), tuple(rejected))

    def _rows(self, reply: Reply, turn: Turn, rejected: list[Rejected]) -> Iterator[Record]:
        pieces = _pieces(reply.text, turn.language)
        if reply.finish == "length":
            rejected.append(Rejected("cut", {"reply": pieces.pop()}))
        for piece in pieces:
            told = fields_in(piece, (INSTRUCTION, INPUT, OUTPUT))
            if "Instruction" not in told or "Output" not in told:
                rejected.append(Rejected("unreadable", {"reply": piece}))
                continue
            text = " ".join(told["Instruction"].split())
            refused = refused_instruction(text, turn) if text else Rejected("too_short", {"reply": piece})
            if refused is not None:
                rejected.append(refused)
                continue
            instance = Instance(nothing_is_empty(told.get("Input", "")), told["Output"])
            yield from rows_of(text, [instance], rejected, is_class=False)

    def _prompt(self, turn: Turn, dice: random.Random) -> str:
        seeds = turn.material.seeds
        chosen = dice.sample(seeds, min(self.shown, len(seeds)))
        shown = "\n".join(_shown(task, number, turn.language) for number, task in enumerate(chosen, 1))
        values = {"count": str(self.tasks), "noinput": NO_INPUT, "mark": MARK, "next": str(len(chosen) + 1)}
        return fill(TASKS, turn.language, shown=shown, **values)


def _shown(task: SeedTask, number: int, language: Language) -> str:
    colon = "：" if language == "zh" else ": "
    first = task.instances[0]
    said = ((INSTRUCTION, " ".join(task.instruction.split())), (INPUT, first.input or NO_INPUT), (OUTPUT, first.output))
    lines = [f"{number}. {name.in_language(language)}{colon}{words}" for name, words in said]
    return "\n".join((MARK, *lines))


def _pieces(text: str, language: Language) -> list[str]:
    """Return the tasks in a reply, which goes on behind "Instruction:" in the prompt."""
    head = INSTRUCTION.in_language(language)
    begins = re.match(rf"\s*(?:{MARK}|[*]*\d*[.、]?\s*[*]*(?:Instruction|指令))", text)
    whole = text if begins else f"{head}: {text}"
    parts = re.split(rf"^\s*{MARK}\s*$|{MARK}", whole, flags=re.MULTILINE)
    return [part.strip() for part in parts if part.strip()] or [""]
