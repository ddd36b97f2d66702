"""A labelled corpus becomes instruction rows (Alpaca form), and back."""

from collections.abc import Iterable, Mapping, Sequence

from taskfit.core.errors import DataError, Finding
from taskfit.core.example import Example, Origin
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.data.columns import Columns
from taskfit.data.understand import Unusable, understand

AlpacaRow = dict[str, object]


def to_alpaca(examples: Iterable[Example], task: Task) -> list[AlpacaRow]:
    """Return one instruction row per example: the task's instruction, the text, and the label's word.

    `id` and `group` are kept beside them, so that rows of one source stay on one side of a later split.
    A task without an instruction of its own asks with the text itself.
    """
    return [_row(example, task) for example in examples]


def from_alpaca(rows: Sequence[Mapping[str, object]], task: Task) -> tuple[Example, ...]:
    """Return the examples that `to_alpaca` made `rows` from; raise DataError for rows of another task."""
    examples: list[Example] = []
    wrong: list[Finding] = []
    for number, row in enumerate(rows, 1):
        found = _example(row, number, task)
        if isinstance(found, Example):
            examples.append(found)
        else:
            wrong.append(found)
    if wrong:
        raise DataError(wrong)
    return tuple(examples)


def _row(example: Example, task: Task) -> AlpacaRow:
    *before, question = example.messages
    instructed = {"instruction": task.instruction, "input": question.content}
    plain = {"instruction": question.content, "input": ""}
    row: AlpacaRow = {
        **(instructed if task.instruction else plain),
        "output": task.word_of(example.target or ""),
    }
    if before and before[0].role == "system":
        row["system"] = before.pop(0).content
    if before:
        row["history"] = [[asked.content, told.content] for asked, told in zip(before[::2], before[1::2], strict=True)]
    row["id"] = example.id
    if example.group is not None:
        row["group"] = example.group
    return row


def _example(row: Mapping[str, object], number: int, task: Task) -> Example | Finding:
    identity = str(row.get("id", f"memory:{number}"))
    if task.instruction and row.get("instruction") != task.instruction:
        shown = repr(row.get("instruction"))[:60]
        return Finding(identity, Text(f"another instruction than the task's: {shown}", f"与任务不同的指令：{shown}"))
    # The instruction belongs to the task, so the text alone is what the row asks.
    asked = "input" if task.instruction else "instruction"
    roles = Columns(label="output", instruction=asked, system="system", history="history", group="group")
    meant = understand(row, roles)
    if isinstance(meant, Unusable):
        return Finding(identity, meant.reason)
    assert meant.target is not None  # instruction rows with a thought are no labelled rows
    target = _name_of(meant.target, task)
    if target is None:
        shown = repr(meant.target)[:60]
        return Finding(identity, Text(f"the output {shown} is no label of the task", f"输出 {shown} 不是任务的标签"))
    return Example(identity, meant.messages, target, _origin(identity, number), meant.group)


def _name_of(word: str, task: Task) -> str | None:
    if not task.labels:
        return word
    return next((label.name for label in task.labels if label.word == word), None)


def _origin(identity: str, number: int) -> Origin:
    file, colon, line = identity.partition("#")[0].rpartition(":")
    return Origin(file, int(line)) if colon and line.isdecimal() else Origin("memory", number)
