"""Prompt and completion: two texts, or two lists of messages; the completion is what is learned."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields
from taskfit.data.instruction import with_thought
from taskfit.data.pieces import MESSAGES, is_plain, of_kind, split_answer
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.talks import openai_messages, prompt_in, told_in, tools_as_objects, tools_in
from taskfit.data.wrong import Wrong

ABOUT = Text("prompt and completion, as texts or messages", "prompt 与 completion，文本或消息列表")
HOLDS = frozenset((*MESSAGES, "tools"))
WORDS = ("prompt", "completion")
ROW = {"prompt": "The sky is", "completion": " blue."}


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    return 1.0 if "prompt" in fields and "completion" in fields and "label" not in fields else 0.0


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    return row(messages=(*prompt_in(fields, "prompt"), *told_in(fields, "completion")), tools=tools_in(fields))


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record: texts where it is one question and one answer in words, else messages."""
    prompt, told = split_answer(of_kind(record, "talk").messages)
    if not prompt:
        raise Wrong(Text("there is no prompt", "没有提示"))
    if is_plain(prompt, told) and not record.tools:
        return {"prompt": prompt[0].content, "completion": with_thought(told[0])}
    said: dict[str, object] = {"prompt": openai_messages(prompt), "completion": openai_messages(told)}
    if record.tools:
        said["tools"] = tools_as_objects(record.tools)
    return said
