"""Two texts and how the second relates to the first."""

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.templates.task import Slots, label_in, needed, parts_in
from taskfit.data.templates.words import Words

ABOUT = Text("tell how two texts relate", "判断两段文本的关系（自然语言推理）")
SLOTS = frozenset(("premise", "hypothesis", "answer", "choices"))
SHAPE = "nli"


def slots(record: Record, words: Words) -> dict[str, str]:
    """Return the parts of a row."""
    premise, hypothesis = parts_in(record, "premise", "hypothesis")
    answer = words.word(label_in(record))
    return {"premise": premise, "hypothesis": hypothesis, "answer": answer, "choices": words.listed}


def record(slots: Slots, words: Words) -> Record:
    """Return the row that the parts were made of."""
    premise, hypothesis = needed(slots, "premise"), needed(slots, "hypothesis")
    return row(
        messages=(Message("user", f"{premise}\n{hypothesis}"),),
        label=words.name(needed(slots, "answer")),
        parts={"premise": premise, "hypothesis": hypothesis},
    )
