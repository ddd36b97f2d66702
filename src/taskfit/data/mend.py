"""Small repairs of a row before it is read, each told: a number or an object where a text belongs, a word for nothing."""

from collections.abc import Mapping

from taskfit.core.text import Text
from taskfit.data.cells import PLACEHOLDERS, Fields
from taskfit.data.json_text import written_json
from taskfit.data.rows import Written
from taskfit.data.shape import RowShape

MAY_BE_EMPTY = ("input", "query", "system")


def mended(fields: Fields, shape: RowShape) -> tuple[Fields, tuple[Text, ...]]:
    """Return the fields, and what was mended.

    `TEXTS` of the shape are the fields that must be texts, `WORDS` those that are texts or messages.
    """
    names: tuple[str, ...] = vars(shape).get("TEXTS", ())
    words: tuple[str, ...] = vars(shape).get("WORDS", ())
    told: list[Text] = []
    better: dict[str, object] = {}
    for name in (*names, *words):
        value = fields.get(name)
        if value is None or (isinstance(value, str) and not isinstance(value, Written)):
            continue
        if name in words and not isinstance(value, (bool, Written)):
            continue
        better[name] = _as_text(value)
        told.append(Text(f"'{name}' was no text: written as JSON text", f"'{name}' 原本不是文本：已写成 JSON 文本"))
    for name in MAY_BE_EMPTY:
        value = fields.get(name) if name in names else None
        if isinstance(value, str) and value.strip() and value.strip().casefold() in PLACEHOLDERS:
            better[name] = ""
            shown = value.strip()
            told.append(Text(f"'{name}' says '{shown}': taken as empty", f"'{name}' 为 '{shown}'：视为空"))
    return ({**fields, **better}, tuple(told)) if told else (fields, ())


def _as_text(value: object) -> str:
    if isinstance(value, (Mapping, list, tuple, bool)):
        return written_json(value)
    return str(value)
