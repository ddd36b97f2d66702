"""One raw row becomes an Example, or a listed row with the reason why it cannot."""

import re
from collections.abc import Mapping
from dataclasses import replace

from taskfit.app.llamafactory.dataset_info import Entry
from taskfit.app.llamafactory.roles import Roles
from taskfit.app.llamafactory.rows_settings import DatasetRows
from taskfit.app.llamafactory.tables import PlacedRow
from taskfit.app.llamafactory.talks import WrongTalk, example_of_talk, talk_of
from taskfit.core.example import Example, Message, Origin
from taskfit.core.text import Text
from taskfit.data.columns import Columns
from taskfit.data.read import ListedRow
from taskfit.data.rows import RawRow, excerpt_of
from taskfit.data.understand import Unusable, understand


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
        return _thought_over(_talk(fields, entry, roles, origin, settings), settings)
    except WrongTalk as wrong:
        return ListedRow(placed.file, placed.row.line, wrong.reason, _shown(fields))


def _text(fields: Mapping[str, object], roles: Roles, origin: Origin) -> Example:
    parts = [fields.get(column) for column in (roles.of("prompt"), roles.of("query")) if column is not None]
    if not all(part is None or isinstance(part, str) for part in parts):
        raise WrongTalk(Text("the text is no text", "正文不是文本"))
    text = "\n".join(str(part) for part in parts if part)
    if not text.strip():
        raise WrongTalk(Text("the text is empty", "正文为空"))
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
        raise WrongTalk(meant.reason)
    return Example(str(origin), meant.messages, meant.target, origin)


def _talk(fields: Mapping[str, object], entry: Entry, roles: Roles, origin: Origin, settings: DatasetRows) -> Example:
    talk = talk_of(fields, entry, roles)
    if not settings.tools and (talk.tools or any(turn.calls for turn in talk.turns)):
        raise WrongTalk(
            Text(
                "it has tools, and the tool format of this template is not known here; leave out 'template' to use the "
                "model's own, or set tool_format: default",
                "含有工具，而此处不认识该模板的工具格式；可去掉 'template' 以使用模型自带模板，或设 tool_format: default",
            )
        )
    return example_of_talk(talk, origin)


def with_thoughts(content: str, settings: DatasetRows) -> str:
    """Return an answer with its thought as the settings want it: kept, an empty one filled in, or left out."""
    opening, closing = settings.thought_marks
    if settings.thoughts == "drop":
        thought = f"{re.escape(opening.strip())}.*?{re.escape(closing.strip())}"
        return re.sub(rf"^\s*{thought}\s*", "", content, count=1, flags=re.DOTALL)
    if settings.thoughts == "fill" and (opening.strip() or closing.strip()) not in content:
        return f"{opening}{closing}{content}"
    return content


def _thought_over(example: Example, settings: DatasetRows) -> Example:
    if settings.thoughts == "keep":
        return example
    messages = tuple(
        replace(message, content=with_thoughts(message.content, settings)) if message.role == "assistant" else message
        for message in example.messages
    )
    target = None if example.target is None else with_thoughts(example.target, settings)
    return replace(example, messages=messages, target=target)


def _shown(fields: Mapping[str, object]) -> str:
    return excerpt_of(next((str(value) for value in fields.values() if isinstance(value, str) and value.strip()), ""))
