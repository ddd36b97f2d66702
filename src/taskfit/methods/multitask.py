"""Train on several tasks at once: shared weights, each task with its share of the loss, conflicts measured and shown."""

from typing import TYPE_CHECKING, ClassVar, Literal

from taskfit.core.errors import DataError
from taskfit.core.settings import Settings, setting
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text
from taskfit.engine.language import AnswerTraining

if TYPE_CHECKING:
    from taskfit.engine.aims.several import Other, Several


class OtherTask(Settings):
    """A task trained beside the main one; it is guessed from its rows, as `taskfit climb` does."""

    about: ClassVar[Text] = Text("A task beside the main one", "主任务之外的任务")

    rows: str = setting(..., "file of its rows", "该任务的数据文件", min_length=1)
    name: str = setting("", "what it is called; left out: the name of the file", "任务名称；不填则用文件名")
    instruction: str = setting(
        "", "what the model is told to do; left out: guessed from the rows", "给模型的指令；不填则由数据推断"
    )
    weight: float = setting(
        1.0, "weight in the loss, with mixing: weight", "mixing: weight 时在损失中的权重", gt=0, le=1000
    )


class Multitask(AnswerTraining):
    """Multi-task fine-tuning (Caruana 1997); the main task is the one that is measured."""

    about: ClassVar[Text] = Text(
        "Trains the task together with others; each has its share of the loss, and their conflicts are measured.",
        "把本任务与其他任务一起训练；各占一定损失份额，并测量任务间的冲突。",
    )
    when: ClassVar[Text] = Text(
        "When one model shall serve several tasks, or a task with few rows has larger relatives.",
        "一个模型要服务多个任务，或数据少的任务有数据更多的相近任务时使用。",
    )
    rank: ClassVar[int] = 110
    kinds: ClassVar[frozenset[Kind]] = frozenset({"classify", "choose", "answer", "generate", "extract"})

    tasks: tuple[OtherTask, ...] = setting(
        (),
        "the other tasks: {rows, name, instruction, weight} each",
        "其他任务：每个为 {rows, name, instruction, weight}",
    )
    mixing: Literal["size", "temperature", "equal", "weight"] = setting(
        "temperature",
        "shares of the loss: by number of rows, by its root (temperature), equal, or by weight",
        "损失份额：按行数、按行数的开方（temperature）、均等，或按权重",
    )
    temperature: float = setting(
        2.0,
        "1: by size; larger: more equal (mixing: temperature)",
        "1 为按行数，越大越均等（mixing: temperature）",
        ge=1,
        le=100,
    )
    weight: float = setting(
        1.0, "weight of the main task, with mixing: weight", "mixing: weight 时主任务的权重", gt=0, le=1000
    )
    project: bool = setting(
        False,
        "take what works against another task out of every step (PCGrad)",
        "从每一步中去除与其他任务冲突的部分（PCGrad）",
    )

    def aim(self) -> "Several":
        """See LanguageTraining."""
        from taskfit.engine.aims.several import Several

        others = tuple(_read(one) for one in self.tasks)
        return Several(others, self.mixing, self.temperature, self.weight, self.project, self.length())


def _read(one: OtherTask) -> "Other":
    from dataclasses import replace
    from pathlib import Path

    from taskfit.data.guess import guess_task
    from taskfit.data.read import read_rows
    from taskfit.data.split import drawn
    from taskfit.engine.aims.several import Other

    reading = read_rows(one.rows)
    if reading.listed:
        raise DataError([row.finding for row in reading.listed])
    examples = reading.examples
    task: Task = guess_task(examples)
    if one.instruction:
        task = replace(task, instruction=one.instruction)
    kept = drawn(examples, max(1, len(examples) // 10), seed=0)
    train = tuple(example for place, example in enumerate(examples) if place not in kept)
    dev = tuple(example for place, example in enumerate(examples) if place in kept)
    return Other(one.name or Path(one.rows).stem, task, train, dev, one.weight)
