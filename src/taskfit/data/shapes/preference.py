"""Preference pairs (TRL): prompt, chosen, rejected as texts or messages; the prompt may stand inside the two."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, one_of
from taskfit.data.instruction import with_thought
from taskfit.data.pairs import common_prompt, margin_in, pair_of, with_margin, without_prompt
from taskfit.data.pieces import MESSAGES, is_plain
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row
from taskfit.data.talks import (
    json_inside_list,
    openai_messages,
    prompt_in,
    told_in,
    tools_as_objects,
    tools_in,
)
from taskfit.data.wrong import Wrong

ABOUT = Text("TRL pairs: prompt, chosen, rejected", "TRL 偏好对：prompt、chosen、rejected")
HOLDS = frozenset((*MESSAGES, "chosen", "rejected", "margin", "tools"))
WORDS = ("prompt", "chosen", "rejected")
ROW = {"prompt": "2 + 2?", "chosen": "4", "rejected": "5"}
BETTER, WORSE = ("chosen", "chosen_messages"), ("rejected", "rejected_messages")
OTHERS = ("instruction", "conversations", "messages")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    if any(name in fields for name in OTHERS):
        return 0.0
    if "chosen_messages" in fields and "rejected_messages" in fields:
        return 1.0
    if "chosen" not in fields or "rejected" not in fields:
        return 0.0
    if "prompt" in fields or isinstance(json_inside_list(fields["chosen"], "chosen"), list):
        return 1.0
    return SOFT if "question" in fields else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    better, worse = one_of(fields, BETTER), one_of(fields, WORSE)
    chosen, rejected = told_in(fields, better), told_in(fields, worse)
    asked = next((name for name in ("prompt", "question") if fields.get(name) not in (None, "", [])), None)
    if asked is None:
        if len(chosen) == 1 or len(rejected) == 1:
            raise Wrong(
                Text("there is no 'prompt', neither inside the two answers", "没有 'prompt'，两个回答中也不含提示")
            )
        prompt, chosen, rejected = common_prompt(chosen, rejected)
    else:
        prompt = prompt_in(fields, asked)
        chosen, rejected = without_prompt(prompt, chosen), without_prompt(prompt, rejected)
    return row(messages=prompt, chosen=chosen, rejected=rejected, margin=margin_in(fields), tools=tools_in(fields))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record, always with its prompt."""
    prompt, chosen, rejected = pair_of(record).messages, record.chosen, record.rejected
    if is_plain(prompt, chosen) and is_plain(prompt, rejected) and not record.tools:
        told: dict[str, object] = {
            "prompt": prompt[0].content,
            "chosen": with_thought(chosen[0]),
            "rejected": with_thought(rejected[0]),
        }
        return with_margin(told, record)
    told = {
        "prompt": openai_messages(prompt),
        "chosen": openai_messages(chosen),
        "rejected": openai_messages(rejected),
    }
    if record.tools:
        told["tools"] = tools_as_objects(record.tools)
    return with_margin(told, record)
