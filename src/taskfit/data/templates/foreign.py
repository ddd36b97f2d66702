"""Templates that compute (as PromptSource's do) are rendered in a child process with limits: they are foreign code."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from taskfit.core.errors import UsageError
from taskfit.core.sandbox import child
from taskfit.core.text import Text
from taskfit.data.beside import fields_of
from taskfit.data.labels import is_numeric
from taskfit.data.record import Record
from taskfit.data.rows import Written
from taskfit.data.shape import shape_named
from taskfit.data.templates.task import Slots, TemplateTask
from taskfit.data.templates.template import Template
from taskfit.data.templates.words import Words

PIECE = 2000
SECONDS = 600.0
RENDERER = "taskfit.data.templates.renderer"
# What the columns of public sets are called that our shapes read under one name.
ALSO = {
    "text": ("sentence", "content", "review"),
    "premise": ("sentence1", "text1"),
    "hypothesis": ("sentence2", "text2"),
    "document": ("article", "dialogue"),
    "summary": ("highlights",),
    "answer": ("answerKey", "target"),
}


@dataclass(frozen=True)
class Order:
    """A row to be rendered by a template, with its slots and the words of the language."""

    template: Template
    source: Record
    slots: Slots
    words: Words


def render(orders: Sequence[Order], task: TemplateTask) -> Iterator[tuple[str, str] | Text]:
    """Yield question and answer of each order, or why there are none; raise UsageError when a template must not be used."""
    for start in range(0, len(orders), PIECE):
        yield from _rendered(orders[start : start + PIECE], task)


def variables_of(order: Order, task: TemplateTask) -> dict[str, object]:
    """Return what a template sees of a row: the fields of its row format, their other usual names, its slots."""
    fields = {name: _plain(value) for name, value in fields_of(order.source, shape_named(task.SHAPE)).items()}
    found: dict[str, object] = {**order.slots, **fields}
    lettered = {name: text for name, text in order.source.parts.items() if len(name) == 1}
    if lettered:
        found["choices"] = {"text": list(lettered.values()), "label": list(lettered)}
        found["options"] = list(lettered.values())
    for name, others in ALSO.items():
        for other in others:
            if name in found:
                found.setdefault(other, found[name])
    names = list(order.words.by_name or ())
    label = order.source.label
    if label is not None and names and "label" in found:
        # PromptSource writes answer_choices[label]: a number.
        found["label"] = int(label) if all(map(is_numeric, names)) else names.index(label)
        found["label_name"] = label
    found["answer_choices"] = list((order.words.by_name or {}).values()) or list(lettered)
    return found


def _rendered(orders: Sequence[Order], task: TemplateTask) -> Iterator[tuple[str, str] | Text]:
    templates = {one.template.name: [one.template.source, one.template.choices] for one in orders}
    lines: list[Mapping[str, object]] = [{"templates": templates}]
    lines += [
        {"name": one.template.name, "variables": variables_of(one, task), "draw": number}
        for number, one in enumerate(orders)
    ]
    answers = _asked(lines)
    if len(answers) < len(orders):
        raise _refused(orders[len(answers)], "too much time or memory", "耗时或占用内存过多")
    for order, answer in zip(orders, answers, strict=True):
        if "refused" in answer:
            raise _refused(order, str(answer["refused"]), str(answer["refused"]))
        parts = answer["parts"]
        if len(parts) == 2 and all(part.strip() for part in parts):
            yield parts[0], parts[1]
        else:
            yield Text(f"'{order.template.name}' says nothing of it", f"'{order.template.name}' 对此行没有输出")


def _asked(lines: Iterable[Mapping[str, object]]) -> list[dict[str, list[str] | str]]:
    command, kept = child(RENDERER)
    content = "".join(json.dumps(line) + "\n" for line in lines)
    try:
        done = subprocess.run(
            command, input=content.encode(), capture_output=True, timeout=SECONDS, env=kept, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(
            Text(f"the templates have no end after {SECONDS:.0f} s", f"模板 {SECONDS:.0f} 秒后仍未结束")
        ) from None
    first, _, rest = done.stdout.partition(b"\n")
    if first != b"ready":
        raise RuntimeError(f"the renderer did not start: {done.stderr.decode(errors='replace')[-500:]}")
    # A line that was not ended is that of the row at which the child was stopped.
    return [json.loads(line) for line in rest.split(b"\n")[:-1]]


def _refused(order: Order, en: str, zh: str) -> UsageError:
    return UsageError(
        Text(
            f"the template '{order.template.name}' cannot be used: {en}", f"模板 '{order.template.name}' 不可用：{zh}"
        ),
        where=str(order.source.origin),
        todo=Text("look at it before you trust it; leave it out of the file", "请先检查该模板，或从文件中删除"),
    )


def _plain(value: object) -> object:
    """Return a cell as a template expects it: numbers as numbers."""
    if isinstance(value, Written):
        try:
            return json.loads(value)
        except ValueError:
            return str(value)
    return value
