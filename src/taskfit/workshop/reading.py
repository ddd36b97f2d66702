"""What models write, read with patience: numbered lists, examples with fields, a yes or no, one JSON value, a score."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice

from taskfit.core.text import Text
from taskfit.workshop.seeds import Instance

INPUT, OUTPUT, LABEL = Text("Input", "输入"), Text("Output", "输出"), Text("Class label", "类别")
NOTHING = (
    "",
    "none",
    "n/a",
    "na",
    "<noinput>",
    "noinput",
    "no input",
    "null",
    "无",
    "<无输入>",
    "没有输入",
    "无输入",
    "-",
)
MOST_STARTS = 50  # places at which a JSON value is looked for
_NUMBER = re.compile(r"^[ \t*#]*(\d{1,3})[ \t]*[.、．):：)][ \t]*", re.MULTILINE)
_EXAMPLE = re.compile(
    r"^[ \t*#]*(?:Example|示例|例子|例)[ \t]*\d{1,3}[ \t]*[.、:：)）]?[*]*[ \t]*$", re.MULTILINE | re.IGNORECASE
)
_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)


def numbered(text: str, *, first: int = 1) -> list[str]:
    """Return the items of a numbered list; a text that begins without a number goes on with item `first`.

    >>> numbered("Sort these words.\\n10. Name a\\n river.", first=9)
    ['Sort these words.', 'Name a river.']
    """
    if not _NUMBER.match(text.lstrip("\n")):
        text = f"{first}. {text.lstrip()}"
    items = _NUMBER.split(text)[2::2]
    return [words for item in items if (words := " ".join(item.split()))]


def fields_in(text: str, names: Sequence[Text]) -> dict[str, str]:
    """Return what follows each "Name:" in a text, by the English name; a name may be in either language."""
    known = {one.lower(): name.en for name in names for one in (name.en, name.zh)}
    pattern = "|".join(map(re.escape, known))
    found = re.split(
        rf"^[ \t*#]*(?:\d{{1,3}}[.、．][ \t]*)?({pattern})[*]*[ \t]*[:：][*]*", text, flags=re.MULTILINE | re.IGNORECASE
    )
    pairs = zip(found[1::2], found[2::2], strict=True)
    told: dict[str, str] = {}
    for name, words in pairs:
        told.setdefault(known[name.lower()], words.strip())
    return told


def instances_in(text: str) -> list[Instance]:
    """Return examples written as "Input: ... Output: ..."; without these names the whole text is the output."""
    found = []
    for part in _EXAMPLE.split(text):
        told = fields_in(part, (INPUT, OUTPUT))
        if "Output" in told:
            found.append(Instance(nothing_is_empty(told.get("Input", "")), told["Output"]))
        elif part.strip() and "Input" not in told and not found:
            found.append(Instance("", part.strip()))
    return found


def labelled_in(text: str) -> list[Instance]:
    """Return examples written as "Class label: ... Input: ...", the label first."""
    pieces = re.split(r"^(?=[ \t*#]*(?:Class label|类别)[*]*[ \t]*[:：])", text, flags=re.MULTILINE | re.IGNORECASE)
    told = [fields_in(_EXAMPLE.sub("", piece), (LABEL, INPUT)) for piece in pieces]
    return [
        Instance(nothing_is_empty(one.get("Input", "")), one["Class label"]) for one in told if "Class label" in one
    ]


def nothing_is_empty(text: str) -> str:
    """Return an input, or nothing where it only says that there is none."""
    return "" if text.strip().strip(".。").casefold() in NOTHING else text.strip()


def yes_or_no(text: str) -> bool | None:
    """Return what a text says first, or None when it says neither.

    >>> yes_or_no("Yes."), yes_or_no("不是"), yes_or_no("Perhaps")
    (True, False, None)
    """
    word = text.strip().strip("*\"'“”").casefold()
    if re.match(r"(no\b|not\b|否|不)", word):
        return False
    return True if re.match(r"(yes\b|是)", word) else None


def json_in(text: str) -> object:
    """Return the first JSON object or list in a text, also between fences and words; None when there is none."""
    fenced = _FENCE.search(text)
    for candidate in ([fenced[1]] if fenced else []) + [text]:
        starts = islice(re.finditer(r"[{\[]", candidate), MOST_STARTS)
        for start in starts:
            try:
                value: object = json.JSONDecoder().raw_decode(candidate, start.start())[0]
            except ValueError:
                continue
            except RecursionError:  # no sane answer is nested so deeply
                return None
            return value
    return None


def number_in(text: str, name: str, *, low: float, high: float) -> float | None:
    """Return the number called `name` in a JSON answer, else the first number in the text; None outside the limits."""
    value = json_in(text)
    if isinstance(value, Mapping):
        found = value.get(name)
        number = float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None
    else:
        match = re.search(r"(?<![\d.])(\d+(?:\.\d+)?)(?!\d)", text)
        number = float(match[1]) if match else None
    return number if number is not None and low <= number <= high else None
