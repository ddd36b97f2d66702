"""Texts that are too long for the model: cut at the end, the same for every rung, and told."""

from collections.abc import Sequence
from dataclasses import dataclass

from taskfit.core.example import Example
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.fit import fit_texts, room_for_text
from taskfit.model.local import LocalModel


@dataclass(frozen=True)
class Fit:
    """The parts with no text longer than there is room for; `remark` says how many were cut, None for none."""

    parts: tuple[tuple[Example, ...], ...]
    remark: Text | None = None


def fit_parts(model: LocalModel, task: Task, parts: Sequence[Sequence[Example]]) -> Fit:
    """Cut the texts of all parts (train, dev, test ...) to the room that the model has for them."""
    found = [fit_texts(model, task, part) for part in parts]
    cut, rows = sum(one.cut for one in found), sum(map(len, parts))
    fitted = tuple(one.examples for one in found)
    if not cut:
        return Fit(fitted)
    room = room_for_text(model, task)
    return Fit(
        fitted,
        Text(
            f"{cut} of {rows} texts are longer than the {room} tokens this model has room for and were cut at the end",
            f"{rows} 条文本中有 {cut} 条超过该模型可容纳的 {room} 个 token，已截去末尾",
        ),
    )
