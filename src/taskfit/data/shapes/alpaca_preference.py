"""Preference pairs in Alpaca form (LLaMA-Factory, ranking): instruction, input, chosen, rejected."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed_words
from taskfit.data.columns import Columns
from taskfit.data.instruction import answered, asked_of, with_thought
from taskfit.data.pairs import margin_in, one_answer, pair_of, with_margin
from taskfit.data.pieces import instructed
from taskfit.data.record import Record
from taskfit.data.shape import row

ABOUT = Text(
    "LLaMA-Factory pairs: instruction, input, chosen, rejected",
    "LLaMA-Factory 偏好对：instruction、input、chosen、rejected",
)
HOLDS = frozenset(("messages", "parts.instruction", "parts.input", "chosen", "rejected", "margin", "messages.thinking"))
TEXTS = ("instruction", "input", "chosen", "rejected", "system")
DATASET = {
    "ranking": True,
    "columns": {
        "prompt": "instruction",
        "query": "input",
        "chosen": "chosen",
        "rejected": "rejected",
        "system": "system",
        "history": "history",
    },
}
ROW = {"instruction": "Name the colour.", "input": "snow", "chosen": "white", "rejected": "black"}


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    return 1.0 if all(name in fields for name in ("instruction", "chosen", "rejected")) else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    asked = asked_of(fields, Columns(instruction="instruction", input="input", system="system", history="history"))
    chosen, rejected = (answered(needed_words(fields, name)) for name in ("chosen", "rejected"))
    return row(
        messages=asked.messages,
        parts=asked.parts,
        chosen=(chosen,),
        rejected=(rejected,),
        margin=margin_in(fields),
    )


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    told = instructed(pair_of(record), record.messages)
    told["chosen"] = with_thought(one_answer(record.chosen))
    told["rejected"] = with_thought(one_answer(record.rejected))
    return with_margin(told, record)
