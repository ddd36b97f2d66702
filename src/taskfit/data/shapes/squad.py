"""Questions about a passage (SQuAD): context, question, answers {text, answer_start}; also its nested files."""

from collections.abc import Mapping

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed
from taskfit.data.conversation import json_inside
from taskfit.data.pieces import told_apart
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row
from taskfit.data.wrong import Wrong, kind_of, whole_text

ABOUT = Text("SQuAD: context, question, answers", "SQuAD 阅读理解：context、question、answers")
HOLDS = frozenset(("messages", "parts.context", "parts.question"))
ROW = {
    "context": "Snow is white.",
    "question": "What is white?",
    "answers": {"text": ["Snow"], "answer_start": [0]},
}
ANSWERS = ("answers", "answer")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    if "context" not in fields or "question" not in fields or "choices" in fields or "options" in fields:
        return 0.0
    return 1.0 if "answers" in fields else SOFT


def read(fields: Fields) -> Record:
    """Return the row as a record: the first answer is the answer; where there are more, all are kept beside it."""
    context, question = needed(fields, "context"), needed(fields, "question")
    column = next((name for name in ANSWERS if name in fields), None)
    told = json_inside(fields[column], column) if column is not None else None
    places, texts = _answers(told, column or "answers")
    asked = Message("user", f"{context}\n{question}")
    answered = (Message("assistant", texts[0]),) if texts else ()
    plain = len(texts) == 1 and places == [context.find(texts[0])]
    kept = {"answers": told} if texts and not plain and isinstance(told, (dict, list)) else {}
    return row(messages=(asked, *answered), parts={"context": context, "question": question}, extra=kept)


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record; the answer is sought in the passage where its place is not known."""
    question = record.messages[0] if record.messages else None
    apart = told_apart(record.parts, ("context", "question"), question.content) if question else None
    if question is None or question.role != "user" or apart is None or len(record.messages) > 2:
        raise Wrong(Text("it is no single question about a passage", "不是针对一段文字的单个问题"))
    if record.kind not in ("talk", "prompt"):
        raise Wrong(Text("it has no answer in words", "没有文字回答"))
    answer = record.messages[1].content if len(record.messages) == 2 else None
    context, asked = apart
    return {"context": context, "question": asked, "answers": _written(answer, context, record.extra.get("answers"))}


def _written(answer: str | None, context: str, kept: object) -> object:
    if answer is None:
        return {"text": [], "answer_start": []}
    if kept is not None and _answers(kept, "answers")[1][:1] == [answer]:
        return kept
    return {"text": [answer], "answer_start": [context.find(answer)]}


def _answers(value: object, column: str) -> tuple[list[int], list[str]]:
    """Return where the answers stand (-1: not told) and what they are."""
    if value is None or value in ("", []):
        return [], []
    if isinstance(value, str):
        return [-1], [whole_text(column, value)]
    if isinstance(value, Mapping):
        texts, starts = value.get("text", []), value.get("answer_start", [])
        texts = [texts] if isinstance(texts, str) else texts
        starts = starts if isinstance(starts, list) else [starts]
        value = [{"text": text} for text in texts] if isinstance(texts, list) else None
        if value is not None and len(starts) == len(value):
            value = [{**one, "answer_start": start} for one, start in zip(value, starts, strict=True)]
    if not isinstance(value, list):
        raise Wrong(kind_of(column, value, Text("answers", "答案")))
    items = [one if isinstance(one, Mapping) else {"text": one} for one in value]
    found = [one.get("text") for one in items]
    if not all(isinstance(one, str) and one.strip() for one in found):
        raise Wrong(Text(f"an answer in '{column}' is no text", f"'{column}' 中的答案不是文本"))
    return [_place(one.get("answer_start")) for one in items], [whole_text(column, str(one)) for one in found]


def _place(value: object) -> int:
    return int(str(value)) if str(value).isdecimal() else -1
