"""Choosing: question, A, B, C, D and answer; also choices or options as a list, and ARC's answerKey."""

from collections.abc import Mapping, Sequence

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed, one_of
from taskfit.data.conversation import json_inside
from taskfit.data.pieces import one_question
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row
from taskfit.data.wrong import Wrong, kind_of, whole_text

ABOUT = Text("a question with choices and the right one", "选择题：题干、选项与答案")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HOLDS = frozenset(("messages", "label", "parts.question", *(f"parts.{letter}" for letter in LETTERS)))
ROW = {"question": "What is white?", "A": "snow", "B": "grass", "answer": "A"}
ASKED, ANSWERS, LISTS = (
    ("question", "query", "problem", "题目"),
    ("answer", "answerkey", "label", "correct", "答案"),
    ("choices", "options"),
)


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    asked = any(name in fields for name in ASKED)
    listed = any(name in fields for name in LISTS)
    if not asked or not (listed or ("a" in fields and "b" in fields)):
        return 0.0
    return 1.0 if any(name in fields for name in ANSWERS) else SOFT


def read(fields: Fields) -> Record:
    """Return the row as a record; the label is the letter of the right choice."""
    question, stem_choices = _question(fields)
    choices = stem_choices or _choices(fields)
    if not 2 <= len(choices) <= len(LETTERS):
        raise Wrong(Text(f"{len(choices)} choices, not 2 to 26", f"有 {len(choices)} 个选项，应为 2 至 26 个"))
    lettered = dict(zip(LETTERS, (text for _, text in choices), strict=False))
    return row(
        messages=(Message("user", _asked(question, lettered)),),
        label=_answer(fields, choices),
        parts={"question": question, **lettered},
    )


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    question = record.parts.get("question")
    lettered = {name: text for name, text in record.parts.items() if len(name) == 1 and name in LETTERS}
    if question is None or one_question(record.messages) != _asked(question, lettered) or record.labels is not None:
        raise Wrong(Text("it is no question with choices", "不是选择题"))
    if record.kind not in ("labelled", "prompt") or (record.label is not None and record.label not in lettered):
        raise Wrong(Text("its label is none of its choices", "标签不是任何一个选项"))
    return {"question": question, **lettered, "answer": record.label or ""}


def _asked(question: str, lettered: Mapping[str, str]) -> str:
    return "\n".join([question, *(f"{letter}. {text}" for letter, text in lettered.items())])


def _question(fields: Fields) -> tuple[str, list[tuple[str, str]]]:
    name = one_of(fields, ASKED)
    inner = json_inside(fields[name], name)
    if isinstance(inner, Mapping):  # ARC, OpenBookQA: {"stem": ..., "choices": [{"text": ..., "label": "A"}]}
        told = {str(key): value for key, value in inner.items()}
        return needed(told, "stem"), _choices(told)
    return needed(fields, name), []


def _choices(fields: Fields) -> list[tuple[str, str]]:
    """Return the choices with their labels."""
    name = next((one for one in LISTS if one in fields), None)
    if name is None:
        letters = [letter for letter in LETTERS if isinstance(fields.get(letter.lower()), str)]
        filled = [letter for letter in letters if str(fields[letter.lower()]).strip()]
        return [(letter, whole_text(letter, str(fields[letter.lower()]))) for letter in filled]
    value = json_inside(fields[name], name)
    if isinstance(value, Mapping):
        texts, labels = value.get("text"), value.get("label")
        if not isinstance(texts, list):
            texts, labels = list(value.values()), list(value)
    elif isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        texts, labels = [one.get("text") for one in value], [one.get("label") for one in value]
    else:
        texts, labels = value, None
    return _labelled(texts, labels, name)


def _labelled(texts: object, labels: object, name: str) -> list[tuple[str, str]]:
    if not isinstance(texts, list) or not all(isinstance(one, str) and one.strip() for one in texts):
        raise Wrong(kind_of(name, texts, Text("a list of texts", "文本列表")))
    own = isinstance(labels, Sequence) and not isinstance(labels, str) and len(labels) == len(texts)
    marks = [str(one) for one in labels] if own and isinstance(labels, Sequence) else list(LETTERS[: len(texts)])
    return [(mark, whole_text(name, str(text))) for mark, text in zip(marks, texts, strict=False)]


def _answer(fields: Fields, choices: Sequence[tuple[str, str]]) -> str | None:
    """Return the letter of the right choice, which is told by its label, its words or its number from 0."""
    name = next((one for one in ANSWERS if fields.get(one) not in (None, "")), None)
    if name is None:
        return None
    said = str(fields[name]).strip()
    for place, (mark, text) in enumerate(choices):
        if said in (mark, text) or said.strip("().") == mark:
            return LETTERS[place]
    if said.isdecimal() and int(said) < len(choices):
        return LETTERS[int(said)]
    raise Wrong(Text(f"the answer '{said:.40}' is none of the choices", f"答案 '{said:.40}' 不是任何一个选项"))
