"""Solutions in steps (TRL, process rewards): prompt, completions, labels (true or false for each step)."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields
from taskfit.data.conversation import json_inside
from taskfit.data.liked import liked
from taskfit.data.pieces import of_kind, one_question
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.talks import prompt_in
from taskfit.data.wrong import Wrong, kind_of, whole_text

ABOUT = Text("stepwise: prompt, completions, labels", "分步监督：prompt、completions、labels")
HOLDS = frozenset(("messages", "steps"))
ROW = {"prompt": "2 + 2 + 2?", "completions": ["2 + 2 = 4", "4 + 2 = 7"], "labels": [True, False]}


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    return 1.0 if all(name in fields for name in ("prompt", "completions", "labels")) else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    steps, labels = (json_inside(fields.get(name), name) for name in ("completions", "labels"))
    for name, value in (("completions", steps), ("labels", labels)):
        if not isinstance(value, list) or not value:
            raise Wrong(kind_of(name, value, Text("a list", "列表")))
    assert isinstance(steps, list)
    assert isinstance(labels, list)
    if len(steps) != len(labels):
        raise Wrong(
            Text(f"{len(steps)} steps, but {len(labels)} labels", f"{len(steps)} 步，却有 {len(labels)} 个标签")
        )
    if not all(isinstance(step, str) for step in steps):
        raise Wrong(Text("a step is no text", "步骤不是文本"))
    told = tuple(
        (whole_text("completions", step), liked(label, "labels")) for step, label in zip(steps, labels, strict=True)
    )
    return row(messages=prompt_in(fields, "prompt"), steps=told)


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    asked = one_question(of_kind(record, "steps").messages)
    return {
        "prompt": asked,
        "completions": [step for step, _ in record.steps],
        "labels": [right for _, right in record.steps],
    }
