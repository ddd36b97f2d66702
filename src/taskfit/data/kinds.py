"""Tasks whose answer is not one label: entities, several labels, numbers; their targets as the rows write them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from taskfit.core.errors import DataError
from taskfit.core.example import Example
from taskfit.core.target import names_of, names_text, number_of, number_text, spans_of, spans_text
from taskfit.core.task import Kind, Label, Task
from taskfit.core.text import Text
from taskfit.data.read import ListedRow
from taskfit.data.rows import excerpt_of

METRICS = {
    "tag": ("entity_f1",),
    "multilabel": ("micro_f1", "macro_f1", "subset_accuracy"),
    "regress": ("pearson", "spearman", "mae", "rmse"),
}
# What stands between labels that are written as one text; the first of these that occurs in any row is meant.
SEPARATORS = ("|", ";", "；", "、", ",", "，")
_NONE = Text("its target is not what this kind of task needs", "目标不符合该类任务的要求")


@dataclass(frozen=True)
class Targets:
    """Examples whose targets are written as the kind writes them, and those that name none."""

    examples: tuple[Example, ...]
    listed: tuple[ListedRow, ...]


def listed_kind(examples: Sequence[Example]) -> Kind | None:
    """Return "tag" or "multilabel" when all targets are lists of entities or of labels, else None."""
    targets = [one.target for one in examples if one.target is not None]
    some = [target for target in targets if target.strip() != "[]"]
    if not some or not all(target.startswith("[") for target in targets):
        return None
    if all(spans_of(target) is not None for target in targets):
        return "tag"
    return "multilabel" if all(names_of(target) is not None for target in targets) else None


def usable(examples: Sequence[Example], task: Task, among: Sequence[Example]) -> Targets:
    """Return the examples with their targets as the task's kind writes them; those that name none of it are listed.

    `among` are all rows of the run: several labels may stand as one text, in which the first of | ; 、 , that occurs
    anywhere separates them.
    """
    separator = _separator(among) if task.kind == "multilabel" else ""
    kept: list[Example] = []
    listed: list[ListedRow] = []
    for one in examples:
        target = _written(one.target or "", task.kind, separator)
        reason = _NONE if target is None else task.why_no_target(target)
        if target is None or reason is not None:
            shown = excerpt_of(one.target or "")
            listed.append(ListedRow(one.origin.file, one.origin.line, reason or _NONE, shown, "left out"))
        else:
            kept.append(replace(one, target=target))
    if examples and not kept:
        raise DataError([row.finding for row in listed])
    return Targets(tuple(kept), tuple(listed))


def task_of_kind(kind: Kind, examples: Sequence[Example], *, chinese: bool) -> Task:
    """Return the task of the kind; its labels are those that occur in the targets."""
    separator = _separator(examples) if kind == "multilabel" else ""
    targets = [_written(one.target or "", kind, separator) or "" for one in examples]
    names: set[str] = set()
    if kind == "tag":
        names.update(span.label for target in targets for span in spans_of(target) or ())
    elif kind == "multilabel":
        names.update(name for target in targets for name in names_of(target) or ())
    labels = tuple(Label(name, name) for name in sorted(names))
    return Task(kind, _instruction(kind, sorted(names), chinese=chinese), labels, METRICS[kind], 256)


def _written(target: str, kind: Kind, separator: str) -> str | None:
    if kind == "regress":
        number = number_of(target)
        return None if number is None else number_text(number)
    if kind == "tag":
        spans = spans_of(target)
        return None if spans is None else spans_text(spans)
    names = names_of(target)
    if names is None:
        parts = target.split(separator) if separator else [target]
        names = tuple(part.strip() for part in parts if part.strip())
    return names_text(names)


def _separator(examples: Sequence[Example]) -> str:
    plain = [one.target or "" for one in examples if names_of(one.target or "") is None]
    return next((mark for mark in SEPARATORS if any(mark in target for target in plain)), "")


def _instruction(kind: Kind, names: Sequence[str], *, chinese: bool) -> str:
    if kind == "regress":
        return "给下面的文本打分，只回答一个数字。" if chinese else "Rate the text. Answer with a number only."
    if kind == "tag":
        listed = ("、" if chinese else ", ").join(names)
        return f"找出文本中的实体：{listed}。" if chinese else f"Find the entities in the text: {listed}."
    if chinese:
        return f"下面的文本有哪些标签？可以是多个，也可以没有：{'、'.join(names)}。"
    return f"Which labels does the text have? It may be several, or none: {', '.join(names)}."
