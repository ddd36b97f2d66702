"""One raw row becomes an Example, or a listed row with the reason why it cannot."""

from collections.abc import Mapping
from dataclasses import replace

from taskfit.app.llamafactory.dataset_info import Entry
from taskfit.app.llamafactory.roles import Roles
from taskfit.app.llamafactory.rows_settings import DatasetRows
from taskfit.app.llamafactory.tables import PlacedRow
from taskfit.app.llamafactory.talks import example_of_talk, talk_of
from taskfit.core.example import Example, Message, Origin
from taskfit.core.text import Text
from taskfit.data.columns import Columns
from taskfit.data.read import ListedRow
from taskfit.data.rows import RawRow, excerpt_of
from taskfit.data.understand import Unusable, understand
from taskfit.data.wrong import Wrong


def row_of(placed: PlacedRow, entry: Entry, roles: Roles, settings: DatasetRows) -> Example | ListedRow:
    """Return the example of a row as the entry has it, or why there is none."""
    assert isinstance(placed.row, RawRow)
    origin = Origin(placed.file, placed.row.line)
    fields = placed.row.fields
    try:
        if settings.plain_text:
            return _text(fields, roles, origin)
        if entry.formatting == "alpaca":
            return _thought_over(_instruction(fields, roles, origin), settings)
        return _thought_over(example_of_talk(talk_of(fields, entry, roles), origin), settings)
    except Wrong as wrong:
        return ListedRow(placed.file, placed.row.line, wrong.reason, _shown(fields))


def _text(fields: Mapping[str, object], roles: Roles, origin: Origin) -> Example:
    parts = [fields.get(column) for column in (roles.of("prompt"), roles.of("query")) if column is not None]
    if not all(part is None or isinstance(part, str) for part in parts):
        raise Wrong(Text("the text is no text", "正文不是文本"))
    text = "\n".join(str(part) for part in parts if part)
    if not text.strip():
        raise Wrong(Text("the text is empty", "正文为空"))
    return Example(str(origin), (Message("user", text),), None, origin)


def _instruction(fields: Mapping[str, object], roles: Roles, origin: Origin) -> Example:
    columns = Columns(
        label=roles.of("response"),
        instruction=roles.of("prompt"),
        input=roles.of("query"),
        system=roles.of("system"),
        history=roles.of("history"),
    )
    meant = understand(fields, columns)
    if isinstance(meant, Unusable):
        raise Wrong(meant.reason)
    return Example(str(origin), meant.messages, meant.target, origin)


def _thought_over(example: Example, settings: DatasetRows) -> Example:
    """Return the example with the thoughts of its answers as the settings want them: kept, filled in, or left out."""
    if settings.thoughts == "keep":
        return example
    if settings.thoughts == "drop":
        return replace(example, messages=tuple(replace(message, thinking="") for message in example.messages))
    empty = "".join(settings.thought_marks)
    messages = tuple(
        replace(message, content=empty + message.content)
        if message.role == "assistant" and not message.thinking
        else message
        for message in example.messages
    )
    return replace(example, messages=messages, target=None if example.target is None else empty + example.target)


def _shown(fields: Mapping[str, object]) -> str:
    return excerpt_of(next((str(value) for value in fields.values() if isinstance(value, str) and value.strip()), ""))
