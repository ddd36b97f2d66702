"""Preference pairs of ms-swift: messages that end with the better answer, rejected_response or rejected_messages."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields
from taskfit.data.instruction import with_thought
from taskfit.data.pairs import common_prompt, margin_in, pair_of, with_margin
from taskfit.data.pieces import MESSAGES, split_answer
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.talks import openai_messages, talk_in, told_in, tools_as_objects, tools_in

ABOUT = Text("ms-swift pairs: messages and rejected_response", "ms-swift 偏好对：messages 与 rejected_response")
HOLDS = frozenset((*MESSAGES, "chosen", "rejected", "margin", "tools"))
WORDS = ("rejected_response",)
ROW = {
    "messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}],
    "rejected_response": "5",
}


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    other = "rejected_response" in fields or "rejected_messages" in fields
    return 1.0 if "messages" in fields and other else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    told = talk_in(fields, "messages")
    if fields.get("rejected_messages") not in (None, "", []):
        prompt, chosen, rejected = common_prompt(told, talk_in(fields, "rejected_messages"))
    else:
        prompt, chosen = split_answer(told)
        rejected = told_in(fields, "rejected_response")
    return row(messages=prompt, chosen=chosen, rejected=rejected, margin=margin_in(fields), tools=tools_in(fields))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    prompt = pair_of(record).messages
    told: dict[str, object] = {"messages": openai_messages((*prompt, *record.chosen))}
    last = record.rejected[0]
    simple = len(record.rejected) == 1 and last.role == "assistant" and not (last.calls or last.weight is not None)
    if simple and len(record.chosen) == 1:
        told["rejected_response"] = with_thought(last)
    else:
        told["rejected_messages"] = openai_messages((*prompt, *record.rejected))
    if record.tools:
        told["tools"] = tools_as_objects(record.tools)
    return with_margin(told, record)
