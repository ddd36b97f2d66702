"""What a kind of task is for templates: how a row becomes the parts a template has places for, and how they become a row."""

from collections.abc import Mapping
from typing import Protocol, cast

from taskfit.core.catalog import Catalog
from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.data.templates.words import Words
from taskfit.data.wrong import Wrong

TASKS = Catalog("taskfit.data.templates.tasks", "task")

Slots = Mapping[str, str]


class TemplateTask(Protocol):
    """What every file of `data/templates/tasks/` offers.

    `slots` gets a row without its system text and raises Wrong when the row is none of this task; `record` is its way
    back. `SHAPE` is the row format of labelled rows. `WORDS_OF` says what the words are for: labels, kinds of entities,
    or nothing. `ROW` is an example (fields of the shape), which `--show` and the tests use.
    """

    ABOUT: Text
    SLOTS: frozenset[str]
    SHAPE: str

    def slots(self, record: Record, words: Words) -> dict[str, str]:
        """Return the parts of a row by the names of their slots."""
        ...

    def record(self, slots: Slots, words: Words) -> Record:
        """Return the row that the parts were made of."""
        ...


def task_named(name: str) -> TemplateTask:
    """Return the task `name`; raise UsageError when there is none."""
    return cast(TemplateTask, TASKS.module(name))


def only_question(record: Record) -> str:
    """Return what a labelled row asks; raise Wrong when it is more than one plain message."""
    if len(record.messages) != 1 or record.messages[0].role != "user" or not record.messages[0].is_plain:
        raise Wrong(Text("it is not a single text", "不是单个文本"))
    return record.messages[0].content


def question_and_answer(record: Record) -> tuple[str, str]:
    """Return the only question and its answer; raise Wrong for any other conversation."""
    roles = [message.role for message in record.messages]
    if record.kind not in ("talk", "prompt"):
        raise Wrong(Text("its answer is not in words", "答案不是文字"))
    if roles != ["user", "assistant"]:
        raise Wrong(Text("it is not one question with one answer", "不是一问一答"))
    if record.tools or not all(message.is_plain for message in record.messages):
        raise Wrong(
            Text("it is more than plain words (thoughts, tools, weights)", "不只是纯文字（含思考、工具或权重）")
        )
    return record.messages[0].content, record.messages[1].content


def label_in(record: Record) -> str:
    """Return the label of a row; raise Wrong when it has none, or several."""
    if record.label is None:
        several = record.labels is not None
        raise Wrong(Text("it has several labels", "有多个标签") if several else Text("it has no label", "没有标签"))
    return record.label


def parts_in(record: Record, *names: str) -> list[str]:
    """Return named parts of a row; raise Wrong when one is missing or they do not make the question any more."""
    missing = [name for name in names if name not in record.parts]
    if missing:
        raise Wrong(Text(f"it has no '{missing[0]}'", f"没有 '{missing[0]}'"))
    parts = [record.parts[name] for name in names]
    if record.prompt != "\n".join(parts):
        raise Wrong(Text("its question is not made of its parts", "问题与其各部分不一致"))
    return parts


def needed(slots: Slots, name: str) -> str:
    """Return a part that the template must have said; raise Wrong when it did not."""
    if name not in slots:
        raise Wrong(Text(f"the template does not say the {name}", f"模板没有说出 {name}"))
    return slots[name]


def talk(question: str, answer: str) -> tuple[Message, ...]:
    """Return a question and its answer as messages."""
    return (Message("user", question), Message("assistant", answer))
