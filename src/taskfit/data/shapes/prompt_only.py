"""Prompts without answers (PPO, GRPO): prompt as text or messages; other columns go to the reward."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, one_of
from taskfit.data.pieces import MESSAGES, of_kind
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row
from taskfit.data.talks import openai_messages, prompt_in, tools_as_objects, tools_in
from taskfit.data.wrong import Wrong

ABOUT = Text("prompts without answers", "只有提示、没有回答")
HOLDS = frozenset((*MESSAGES, "tools"))
WORDS = ("prompt",)
ROW = {"prompt": "2 + 2?", "solution": "4"}
OTHERS = ("completion", "completions", "chosen", "rejected", "response", "output", "label", "labels", "messages")
ASKED = ("prompt", "instruction")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    if any(name in fields for name in OTHERS):
        return 0.0
    return 1.0 if "prompt" in fields else SOFT if "instruction" in fields and "instances" not in fields else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    return row(messages=prompt_in(fields, one_of(fields, ASKED)), tools=tools_in(fields))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    messages = of_kind(record, "prompt").messages
    if not messages:
        raise Wrong(Text("there is no prompt", "没有提示"))
    single = len(messages) == 1 and messages[0].role == "user" and messages[0].is_plain
    told: dict[str, object] = {"prompt": messages[0].content if single else openai_messages(messages)}
    return {**told, "tools": tools_as_objects(record.tools)} if record.tools else told
