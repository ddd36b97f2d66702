"""A question with lettered choices, and the letter of the right one."""

import re

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.shapes.multiple_choice import LETTERS
from taskfit.data.templates.task import Slots, label_in, needed
from taskfit.data.templates.words import Words
from taskfit.data.wrong import Wrong

ABOUT = Text("choose the right answer", "选择题")
SLOTS = frozenset(("question", "options", "answer", "answer_text"))
SHAPE = "multiple_choice"

OPTION = re.compile(r"(?:^|\n)([A-Z])\. ")


def slots(record: Record, words: Words) -> dict[str, str]:  # noqa: ARG001
    """Return the parts of a row."""
    lettered = {name: text for name, text in record.parts.items() if len(name) == 1 and name in LETTERS}
    answer, question = label_in(record), record.parts.get("question")
    options = _lines(lettered)
    if question is None or not lettered or record.prompt != f"{question}\n{options}":
        raise Wrong(Text("it is no question with choices", "不是选择题"))
    if answer not in lettered:
        raise Wrong(Text("its label is none of its choices", "标签不是任何一个选项"))
    return {"question": question, "options": options, "answer": answer, "answer_text": lettered[answer]}


def record(slots: Slots, words: Words) -> Record:  # noqa: ARG001
    """Return the row that the parts were made of; the answer is a letter, or the words of one choice."""
    question, options = needed(slots, "question"), needed(slots, "options")
    _, *pieces = OPTION.split(f"\n{options}")
    lettered = dict(zip(pieces[::2], pieces[1::2], strict=True))
    if "answer" in slots:
        named = [slots["answer"].strip()] if slots["answer"].strip() in lettered else []
    else:
        named = [letter for letter, text in lettered.items() if text == needed(slots, "answer_text")]
    if len(named) != 1:
        raise Wrong(Text("its answer is none of its choices", "答案不是任何一个选项"))
    return row(
        messages=(Message("user", f"{question}\n{options}"),),
        label=named[0],
        parts={"question": question, **lettered},
    )


def _lines(lettered: dict[str, str]) -> str:
    return "\n".join(f"{letter}. {text}" for letter, text in lettered.items())
