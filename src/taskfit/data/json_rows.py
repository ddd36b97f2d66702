"""The rows of a JSON file: a list of objects, or one object that holds such a list."""

import json
import re

from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.data.json_text import LENIENT, STRICT, TOO_DEEP, Refused, as_row, why_not_json
from taskfit.data.rows import BadRow, RawRow, Source, Table, columns_of, excerpt_of, no_rows

LIST_KEYS = ("data", "rows", "examples", "instances", "train", "test", "dev", "validation")
BLANK = re.compile(r"[ \t\r\n\ufeff]*")
LINE_END = re.compile(r"\r\n|\n|\r")


def read_json(source: Source) -> Table:
    """Return the rows of a JSON file; a broken file is refused whole, with the line."""
    text = source.text
    start = _blank(text, 0)
    if start == len(text):
        raise no_rows(source.name)
    if text[start] == "{":
        rows, _ = _elements(source, _list_inside(source, start))
    elif text[start] == "[":
        rows, end = _elements(source, start)
        _nothing_after(source, end)
    else:
        raise _not_rows(source, start)
    if not rows:
        raise no_rows(source.name)
    return Table(columns_of(rows), rows)


def _nothing_after(source: Source, end: int) -> None:
    place = _blank(source.text, end)
    if place != len(source.text):
        raise _broken(source, json.JSONDecodeError("Extra data", source.text, place))


def _elements(source: Source, start: int) -> tuple[tuple[RawRow | BadRow, ...], int]:
    """Return the rows of the list at `start`, and where it ends."""
    text = source.text
    rows: list[RawRow | BadRow] = []
    place, line, counted = _blank(text, start + 1), 1, 0
    while not text.startswith("]", place):
        if rows:
            if not text.startswith(",", place):
                raise _broken(source, json.JSONDecodeError("Expecting ',' delimiter", text, place))
            place = _blank(text, place + 1)
        line += len(LINE_END.findall(text, counted, place))
        counted = place
        row, place = _element(source, place, line)
        rows.append(row)
        place = _blank(text, place)
    return tuple(rows), place + 1


def _element(source: Source, place: int, line: int) -> tuple[RawRow | BadRow, int]:
    text = source.text
    try:
        try:
            value, end = STRICT.raw_decode(text, place)
            return as_row(value, line, excerpt_of(text[place:end])), end
        except Refused as refusal:
            _, end = LENIENT.raw_decode(text, place)
            return BadRow(line, refusal.reason, excerpt_of(text[place:end])), end
    except json.JSONDecodeError as problem:
        raise _broken(source, problem) from None
    except RecursionError:
        raise DataError(TOO_DEEP, where=f"{source.name}:{line}") from None


def _list_inside(source: Source, start: int) -> int:
    """Return where the list of rows begins in the object at `start`."""
    text = source.text
    try:
        value, end = LENIENT.raw_decode(text, start)
    except json.JSONDecodeError as problem:
        raise _broken(source, problem) from None
    except RecursionError:
        raise DataError(TOO_DEEP, where=source.name) from None
    _nothing_after(source, end)
    lists = [key for key, inner in value.items() if isinstance(inner, list)]
    keys = [key for key in LIST_KEYS if key in lists] or (lists if len(lists) == 1 else [])
    if not keys:
        raise _not_rows(source, start)
    return _place_of_key(text, start, keys[0])


def _place_of_key(text: str, start: int, wanted: str) -> int:
    place = _blank(text, start + 1)
    while True:
        key, place = LENIENT.raw_decode(text, place)
        place = _blank(text, _blank(text, place) + 1)
        if key == wanted:
            return place
        _, place = LENIENT.raw_decode(text, place)
        place = _blank(text, _blank(text, place) + 1)


def _blank(text: str, place: int) -> int:
    found = BLANK.match(text, place)
    return found.end() if found else place


def _broken(source: Source, problem: json.JSONDecodeError) -> DataError:
    text = source.text
    line = len(LINE_END.findall(text, 0, problem.pos)) + 1
    if problem.pos >= len(text.rstrip()) or problem.msg.startswith("Unterminated string"):
        what = Text("the file is cut off; get it again", "文件被截断；请重新获取")
    else:
        start = max(text.rfind("\n", 0, problem.pos), text.rfind("\r", 0, problem.pos)) + 1
        end = text.find("\n", start)
        inner = json.JSONDecodeError(problem.msg, text, problem.pos - start)
        what = why_not_json(text[start : None if end < 0 else end].strip(), inner)
    shown = excerpt_of(text, problem.pos)
    return DataError(Text(f"{what.en} [{shown}]", f"{what.zh} [{shown}]"), where=f"{source.name}:{line}")


def _not_rows(source: Source, start: int) -> DataError:
    shown = excerpt_of(source.text[start:])
    return no_rows(
        source.name,
        Text(f"no rows: a list of objects is expected, this is {shown}", f"没有数据行：应为对象列表，而这是 {shown}"),
    )
