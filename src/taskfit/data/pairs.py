"""Pairs of a better and a worse answer: what leads to both is told apart from what differs."""

from collections.abc import Sequence
from dataclasses import replace

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import Fields
from taskfit.data.pieces import cannot_hold
from taskfit.data.record import Record
from taskfit.data.rows import Written
from taskfit.data.wrong import Wrong

Messages = tuple[Message, ...]


def pair_of(record: Record) -> Record:
    """Return the record when it is a pair; raise Wrong otherwise."""
    if record.kind != "pair":
        cannot_hold(record, "pair")
    if not record.messages:
        raise Wrong(Text("there is no prompt", "没有提示"))
    if not record.chosen:
        raise Wrong(Text("there is no better answer", "缺少较好的回答"))
    return record


def without_prompt(prompt: Messages, told: Messages) -> Messages:
    """Return an answer without the prompt, which some write at its start again."""
    bare = tuple(one for one in prompt if one.role != "system")
    for start in (prompt, bare):
        if start and _alike(told[: len(start)], start) and len(told) > len(start):
            return told[len(start) :]
    return told


def common_prompt(chosen: Messages, rejected: Messages) -> tuple[Messages, Messages, Messages]:
    """Return what two conversations begin with alike, and what is left of each: at least the last answer."""
    most = min(len(chosen), len(rejected)) - 1
    cut = 0
    while cut < most and chosen[cut] == rejected[cut]:
        cut += 1
    # Both rests begin with an answer, so that the prompt ends with what is asked.
    while cut and not (chosen[cut].role == "assistant" and rejected[cut].role == "assistant"):
        cut -= 1
    if cut == 0:
        raise Wrong(Text("the two conversations have no prompt in common", "两段对话没有共同的提示"))
    return chosen[:cut], chosen[cut:], rejected[cut:]


def margin_in(fields: Fields) -> float | None:
    """Return by how much the better answer is better, where the row says so."""
    value = fields.get("margin")
    if value is None or value == "":
        return None
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if number == number and abs(number) != float("inf"):
            return number
    raise Wrong(Text(f"'margin' is no number: {value!r:.40}", f"'margin' 不是数字：{value!r:.40}"))


def with_margin(told: dict[str, object], record: Record) -> dict[str, object]:
    """Return the fields with the margin of the pair, when it has one."""
    return told if record.margin is None else {**told, "margin": written_number(record.margin)}


def written_number(number: float) -> Written:
    """Return a number as it is written in a file."""
    return Written(repr(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number))


def one_answer(told: Sequence[Message]) -> Message:
    """Return the only message of an answer, which must be of words."""
    if len(told) != 1 or told[0].role != "assistant" or told[0].calls:
        raise Wrong(Text("an answer is more than one message in words", "回答不止一条文字消息"))
    return replace(told[0], name="", call_id="")


def _alike(one: Messages, other: Messages) -> bool:
    return [(m.role, m.content.strip()) for m in one] == [(m.role, m.content.strip()) for m in other]
