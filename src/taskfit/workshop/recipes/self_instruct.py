"""Self-Instruct as published: new instructions from eight shown ones, a class or not, then examples, then the filters.

Wang et al. 2022, arXiv:2212.10560. The eight are six of people and two of the model; asked to go on, it stops at "16.". Tasks that
choose among classes get their label first and the input to it, the others the input first.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.settings import setting
from taskfit.core.text import Language, Text
from taskfit.data.record import Record
from taskfit.workshop.instructions import refused_instruction, rows_of
from taskfit.workshop.maker import Reply, Sampling
from taskfit.workshop.reading import INPUT, LABEL, OUTPUT, instances_in, labelled_in, numbered, yes_or_no
from taskfit.workshop.recipe import Batch, Need, Recipe, Rejected, Turn, fill
from taskfit.workshop.seeds import SeedTask

SHOWN, OF_MACHINE, LAST = 8, 2, 16
EXAMPLE, TASK, NONE = Text("Example", "示例"), Text("Task", "任务"), Text("None", "无")

TASKS = Text(
    """Here is the beginning of a list of tasks that people hand to an assistant that reads and writes text. Carry the list on up \
to number 15. Every line holds one whole task. Let the tasks differ from each other in topic, form and difficulty, and let none \
of them need anything but words.

$shown
9.""",
    """下面是一份任务清单的开头，都是人们交给文字助手完成的任务。请接着写到第 15 条。每行一个完整的任务；任务之间在题材、形式和难度上\
要各不相同，并且只靠文字就能完成。

$shown
9.""",
)
IS_CLASS = Text(
    """Can the answer to the task only be one of a few fixed labels? Say Yes or No.

$shown

Task: $task
Answer:""",
    """这个任务的答案是否只能是少数几个固定类别之一？请回答“是”或“否”。

$shown

任务：$task
回答：""",
)
INPUT_FIRST = Text(
    """Write examples for the last task, in the way of those above it. First comes the input that the task is applied to (None, if it \
needs none), then the complete and correct output. If it needs no input, write one example, otherwise up to three with different \
inputs.

$shown

Task: $task
Example 1""",
    """请仿照前面的任务，为最后一个任务写示例。先写任务所处理的输入（不需要输入时写“无”），再写完整、正确的输出。不需要输入时只写一个\
示例，否则最多写三个输入各不相同的示例。

$shown

任务：$task
示例 1""",
)
OUTPUT_FIRST = Text(
    """The answer to each task is one of a few labels. For the last task, name one label after the other, and write for each an input \
to which it is the right answer, in the way of the tasks above it.

$shown

Task: $task
""",
    """每个任务的答案都是少数几个类别之一。请仿照前面的任务，为最后一个任务依次写出各个类别，并为每个类别写一个以它为正确答案的输入。

$shown

任务：$task
""",
)


@dataclass(frozen=True)
class _New:
    """An instruction that passed, and whether its answer is a class."""

    text: str
    is_class: bool = False


class SelfInstruct(Recipe):
    """New tasks out of a few seed tasks."""

    about: ClassVar[Text] = Text(
        "Self-Instruct: new instructions from seed tasks, each with its examples",
        "Self-Instruct：由种子任务生成新指令及其示例",
    )
    when: ClassVar[Text] = Text(
        "there are few tasks and many different ones are wanted", "任务很少，需要多种多样的新任务时"
    )
    needs: ClassVar[Need] = "seeds"
    prompts: ClassVar[tuple[Text, ...]] = (TASKS, IS_CLASS, INPUT_FIRST, OUTPUT_FIRST)

    calls: int = setting(4, "prompts for new instructions a round", "每轮生成新指令的提示数", ge=1, le=1000)
    shots: int = setting(4, "seed tasks shown when examples are written", "生成示例时展示的种子任务数", ge=1, le=20)
    temperature: float = setting(0.7, "how freely instructions are written", "生成指令的随机程度", ge=0, le=2)
    top_p: float = setting(0.5, "share of the likeliest words that are drawn from", "抽样所用的累积概率", gt=0, le=1)
    presence_penalty: float = setting(
        2.0, "how strongly words already said are avoided", "避免重复用词的强度", ge=-2, le=2
    )

    def make(self, turn: Turn) -> Batch:
        """Do one round: instructions, classes, examples."""
        rejected: list[Rejected] = []
        new = self._classed(turn, self._instructions(turn, rejected))
        rows: list[Record] = []
        for one, reply in zip(new, self._instances(turn, new), strict=True):
            rows += _rows(one, reply, rejected)
        return Batch(tuple(rows), tuple(rejected))

    def _instructions(self, turn: Turn, rejected: list[Rejected]) -> list[str]:
        dice, sampling = turn.dice("tasks"), self._sampling((f"\n{LAST}", f"{LAST}.", f"{LAST} ."))
        prompts = [_asking_for_tasks(turn, dice) for _ in range(self.calls)]
        found: list[str] = []
        for reply in turn.ask(prompts, sampling):
            if reply.failed:
                rejected.append(Rejected("no_answer", {"why": reply.text}))
                continue
            items = numbered(reply.text, first=SHOWN + 1)
            if reply.finish == "length" and items:  # the last one is not whole
                rejected.append(Rejected("cut", {"instruction": items.pop()}))
            for text in items:
                refused = refused_instruction(text, turn)
                if refused is None:
                    found.append(text)
                else:
                    rejected.append(refused)
        return found

    def _classed(self, turn: Turn, texts: Sequence[str]) -> list[_New]:
        shown = _shown_classes(turn.material.seeds, turn.language)
        prompts = [fill(IS_CLASS, turn.language, shown=shown, task=text) for text in texts]
        replies = turn.ask(prompts, Sampling(temperature=0.0, max_tokens=8))
        # as published: whatever is no clear yes is treated as no class
        return [_New(text, yes_or_no(reply.text) is True) for text, reply in zip(texts, replies, strict=True)]

    def _instances(self, turn: Turn, new: Sequence[_New]) -> list[Reply]:
        dice = turn.dice("examples")
        prompts = [_asking_for_instances(one, turn, dice, self.shots) for one in new]
        stop = f"\n{TASK.in_language(turn.language)}"
        return turn.ask(prompts, Sampling(0.0, None, None, (f"{stop}:", f"{stop}："), 1024))

    def _sampling(self, stop: tuple[str, ...]) -> Sampling:
        return Sampling(self.temperature, self.top_p, self.presence_penalty, stop, 1024)


def _rows(one: _New, reply: Reply, rejected: list[Rejected]) -> list[Record]:
    said = {"instruction": one.text}
    if reply.failed:
        rejected.append(Rejected("no_answer", {**said, "why": reply.text}))
        return []
    instances = labelled_in(reply.text) if one.is_class else instances_in(reply.text)
    if reply.finish == "length" and instances:
        last = instances.pop()
        rejected.append(Rejected("cut", {**said, "input": last.input, "output": last.output}))
    elif not instances:
        rejected.append(Rejected("no_instance", {**said, "reply": reply.text}))
    return rows_of(one.text, instances, rejected, is_class=one.is_class)


def _asking_for_tasks(turn: Turn, dice: random.Random) -> str:
    machine = dice.sample(turn.pool.made, min(OF_MACHINE, len(turn.pool.made)))
    seeds = [task.instruction for task in turn.material.seeds]
    texts = [*dice.sample(seeds, min(SHOWN - len(machine), len(seeds))), *machine]
    dice.shuffle(texts)
    shown = "\n".join(f"{number}. {' '.join(text.split())}" for number, text in enumerate(texts, 1))
    return fill(TASKS, turn.language, shown=shown)


def _shown_classes(seeds: Sequence[SeedTask], language: Language) -> str:
    """Return tasks with their answer, classes and others in turn; the same in every prompt, as published."""
    yes = [task for task in seeds if task.is_classification][:6]
    no = [task for task in seeds if not task.is_classification][:6]
    words = {True: Text("Yes", "是"), False: Text("No", "否")}
    form = Text("Task: {}\nAnswer: {}", "任务：{}\n回答：{}").in_language(language)
    shown = [task for pair in zip(yes, no, strict=False) for task in pair]
    return "\n\n".join(
        form.format(task.instruction, words[task.is_classification].in_language(language)) for task in shown
    )


def _asking_for_instances(one: _New, turn: Turn, dice: random.Random, shots: int) -> str:
    fitting = [task for task in turn.material.seeds if task.is_classification == one.is_class]
    chosen = dice.sample(fitting, min(shots, len(fitting)))
    show = _shown_labels if one.is_class else _shown_inputs
    shown = "\n\n".join(show(task, turn.language) for task in chosen)
    return fill(OUTPUT_FIRST if one.is_class else INPUT_FIRST, turn.language, shown=shown, task=one.text)


def _shown_inputs(task: SeedTask, language: Language) -> str:
    lines = [_line(TASK, task.instruction, language)]
    for number, instance in enumerate(task.instances, 1):
        lines.append(f"{EXAMPLE.in_language(language)} {number}")
        lines.append(_line(INPUT, instance.input or NONE.in_language(language), language))
        lines.append(_line(OUTPUT, instance.output, language))
    return "\n".join(lines)


def _shown_labels(task: SeedTask, language: Language) -> str:
    lines = [_line(TASK, task.instruction, language)]
    for instance in task.instances:
        lines.append(_line(LABEL, instance.output, language))
        lines.append(_line(INPUT, instance.input or NONE.in_language(language), language))
    return "\n".join(lines)


def _line(name: Text, words: str, language: Language) -> str:
    return f"{name.in_language(language)}{'：' if language == 'zh' else ': '}{words}"
