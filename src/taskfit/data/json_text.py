"""JSON text to raw rows, strictly: numbers keep their digits, and what is not JSON is told with its reason."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from taskfit.core.text import Text
from taskfit.data.rows import BadRow, RawRow, Written, excerpt_of

LONGEST_NUMBER = 100
NOT_JSON = (
    (re.compile(r"^(<<<<<<<|=======|>>>>>>>)"), Text("a conflict mark of git", "git 冲突标记")),
    (re.compile(r"^(//|#|/\*)"), Text("a comment; JSON has none", "注释；JSON 不支持注释")),
    (re.compile(r"^\{\s*'"), Text("a Python dict; JSON needs double quotes", "Python 字典；JSON 需要双引号")),
    (re.compile(r"^\{.*\}\s*,$"), Text("a comma after the object; remove it", "对象后面多了逗号，请删除")),
    (re.compile(r"^\{.*\}\s*\{"), Text("several objects in one line; one per line", "一行有多个对象；应每行一个")),
)
KINDS = {
    type(None): Text("null", "null"),
    bool: Text("true or false", "布尔值"),
    Written: Text("a number", "数字"),
    str: Text("a text", "文本"),
    list: Text("a list", "列表"),
    dict: Text("an object", "对象"),
}


class Refused(ValueError):
    """Valid for Python's JSON reader, but not for us: NaN, a key twice, a number beyond reason."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(reason.en)


def parse_row(text: str, line: int, *, last: bool = False) -> RawRow | BadRow:
    """Return the row that `text` holds; `last` says that the file ends here without a line end."""
    try:
        value = STRICT.decode(text)
    except Refused as refusal:
        return BadRow(line, refusal.reason, excerpt_of(text))
    except json.JSONDecodeError as problem:
        return BadRow(line, why_not_json(text, problem, last=last), excerpt_of(text, problem.pos))
    except RecursionError:
        return BadRow(line, TOO_DEEP, excerpt_of(text))
    return as_row(value, line, excerpt_of(text))


def as_row(value: object, line: int, excerpt: str) -> RawRow | BadRow:
    """Return `value` as a row, or say what it is instead of an object."""
    if isinstance(value, dict):
        return RawRow(line, value)
    kind = KINDS[type(value)]
    return BadRow(line, Text(f"a row is an object, this is {kind.en}", f"一行应是一个对象，而这是{kind.zh}"), excerpt)


def written_json(value: object) -> str:
    """Return `value` as JSON text in one line; numbers keep the digits they were written with."""
    if isinstance(value, Written):
        return str(value)
    if isinstance(value, Mapping):
        inner = (f"{json.dumps(str(key), ensure_ascii=False)}: {written_json(one)}" for key, one in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(written_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def why_not_json(text: str, problem: json.JSONDecodeError, *, last: bool = False) -> Text:
    """Return why `text` is no JSON, as a person would say it."""
    if (last and problem.pos >= len(text.rstrip()) - 1) or (last and problem.msg.startswith("Unterminated")):
        return Text("the file is cut off in this line; get it again", "文件在这一行被截断；请重新获取")
    for pattern, name in NOT_JSON:
        if pattern.match(text):
            return Text(f"this is {name.en}", f"这是{name.zh}")
    column = problem.pos + 1
    return Text(f"not JSON at column {column}: {problem.msg}", f"第 {column} 列不是合法 JSON：{problem.msg}")


def _pairs(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise Refused(Text(f"the key '{twice[0]}' stands twice", f"键 '{twice[0]}' 出现了两次"))
    return fields


def _number(digits: str) -> Written:
    if len(digits) > LONGEST_NUMBER or not math.isfinite(float(digits)):
        shown = digits[:20]
        raise Refused(Text(f"the number {shown}... is beyond any use", f"数字 {shown}…… 过大或过长"))
    return Written(digits)


def _constant(name: str) -> NoReturn:
    raise Refused(Text(f"{name} is not JSON", f"{name} 不是合法 JSON"))


TOO_DEEP = Text("nested too deeply", "嵌套过深")
STRICT = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_number, parse_float=_number, parse_constant=_constant, strict=True
)
LENIENT = json.JSONDecoder(parse_int=Written, parse_float=Written)
