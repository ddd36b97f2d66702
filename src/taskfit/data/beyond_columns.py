"""Rows that two columns do not tell (choices, two texts, a passage, pairs): read by their shape, or refused with why."""

from collections.abc import Sequence
from dataclasses import dataclass

from taskfit.core.errors import DataError
from taskfit.core.example import Example
from taskfit.core.text import Text
from taskfit.data.columns import Columns
from taskfit.data.conversation import check_calls, check_order
from taskfit.data.listed import ListedRow, placed
from taskfit.data.pieces import KINDS
from taskfit.data.read_row import RowRead, read_row
from taskfit.data.record import Record, example_of
from taskfit.data.rows import BadRow, RawRow, Table, excerpt_of
from taskfit.data.shape import SURE, ranking, shape_named
from taskfit.data.wrong import Wrong

LOOKED_AT = 100
# A question and an answer alone would be read of these, and the rest of them be lost.
MORE_THAN_COLUMNS = frozenset(
    ("data_juicer", "multiple_choice", "nli", "record", "seed_tasks", "squad", "swift_labelled", "translation")
)
SIDE = {"query_response": ("system", "history"), "prompt_completion": ("system", "tools")}
NO_LESSON = {
    "pair": (
        *("preference", "alpaca_preference", "sharegpt_preference", "swift_preference", "openai_preference", "hh"),
        "ultrafeedback",
    ),
    "rated": ("kto", "sharegpt_kto", "swift_kto"),
    "steps": ("stepwise",),
}


@dataclass(frozen=True)
class ByShape:
    """The rows of a table that is read by its shape; `roles` names the columns that were looked at."""

    examples: tuple[Example, ...]
    listed: tuple[ListedRow, ...]
    roles: Columns


def shape_beyond_columns(where: str, table: Table) -> str | None:
    """Return the shape of rows that columns cannot tell, None for all others.

    Raises DataError for rows from which no answer can be learned: preference pairs, answers that are liked or not.
    """
    rows = [row.fields for row in table.rows if isinstance(row, RawRow)][:LOOKED_AT]
    if not rows:
        return None
    name, score = ranking(rows)[0]
    if score < SURE:
        return None
    for kind, names in NO_LESSON.items():
        if name in names:
            raise _no_lesson(where, name, KINDS[kind])
    beside = {column.strip().casefold() for column in table.columns} & set(SIDE.get(name, ()))
    talks = name == "prompt_completion" and any(isinstance(row.get("prompt"), list) for row in rows)
    return name if name in MORE_THAN_COLUMNS or beside or talks else None


def examples_by_shape(where: str, table: Table, name: str, *, plain: bool) -> ByShape:
    """Return the rows of a table as examples; with `plain`, also those without a target."""
    shape = shape_named(name)
    examples: list[Example] = []
    listed: list[ListedRow] = []
    used: set[str] = set()
    for row, origin in placed(where, table.rows):
        if isinstance(row, BadRow):
            listed.append(ListedRow(where, row.line, row.reason, row.excerpt, "broken", origin.row))
            continue
        try:
            found = read_row(shape, row.fields, origin)
            examples.append(_example(found, plain=plain))
        except Wrong as wrong:
            shown = next((value for value in row.fields.values() if isinstance(value, str) and value.strip()), "")
            listed.append(ListedRow(where, row.line, wrong.reason, excerpt_of(shown), row=origin.row))
            continue
        used |= found.used
    return ByShape(tuple(examples), tuple(listed), _roles(table.columns, used, examples))


def _example(found: RowRead, *, plain: bool) -> Example:
    record: Record = found.record
    if record.kind == "talk":
        check_order(record.messages)
        check_calls(record.messages, record.tools)
    elif record.kind not in ("labelled", "text"):
        raise Wrong(Text("it has neither an answer nor a label", "既没有回答也没有标签"))
    example = example_of(record)
    if example.target is None and not plain:
        raise Wrong(Text("it has no answer in words alone", "没有仅由文字组成的回答"))
    return example


def _roles(columns: Sequence[str], used: set[str], examples: Sequence[Example]) -> Columns:
    """Return the columns that were looked at; the kind of the first row says what they are together."""
    names = [name for name in columns if name.strip().casefold() in used]
    talk = any(message.role == "assistant" for example in examples[:1] for message in example.messages)
    first, *rest = names or [columns[0]]
    if talk:
        return Columns(messages=first, others=tuple(rest))
    last = rest[-1:] or [first]
    return Columns(text=first, label=last[0], others=tuple(rest[:-1]))


def _no_lesson(where: str, name: str, kind: Text) -> DataError:
    return DataError(
        Text(
            f"each row is {kind.en} ({name}): no single answer to learn from",
            f"每行都是{kind.zh}（{name}）：没有可学习的单一答案",
        ),
        where=where,
        todo=Text(
            "name what is meant: --rows.columns.text NAME --rows.columns.label NAME",
            "请指明所指的列：--rows.columns.text 列名 --rows.columns.label 列名",
        ),
    )
