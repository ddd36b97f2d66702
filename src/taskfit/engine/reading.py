"""From examples to training rows: told while it goes on, every row that is too long named at once."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from taskfit.core.errors import DataError, Finding
from taskfit.core.example import Example
from taskfit.core.method import Desk
from taskfit.core.text import Text
from taskfit.engine.learner import Row
from taskfit.model.local import LocalModel

TOLD_EVERY = 1000  # rows
PHASE, DEV_PHASE = Text("read the rows", "读取数据"), Text("read dev rows", "读取 dev 数据")


def rows_of(
    model: LocalModel, examples: Sequence[Example], row_of: Callable[[Example], Row], desk: Desk, phase: Text
) -> list[Row]:
    """Return the training row of each example; raise DataError naming all that the model cannot read whole."""
    rows, findings = [], []
    for done, example in enumerate(examples):
        if done % TOLD_EVERY == 0:
            desk.progress(phase, done, len(examples))
        row = row_of(example)
        rows.append(row if row.origin else replace(row, origin=str(example.origin)))
        if len(row.ids) > model.card.context:
            findings.append(_too_long(example, len(row.ids), model.card.context))
    if findings:
        raise DataError(findings)
    return rows


def _too_long(example: Example, tokens: int, context: int) -> Finding:
    return Finding(
        str(example.origin),
        Text(
            f"the row has {tokens} tokens, the model reads {context}",
            f"该行有 {tokens} 个 token，而模型只能读 {context} 个",
        ),
        Text("shorten it, or use a model with a longer context", "请缩短它，或使用上下文更长的模型"),
    )
