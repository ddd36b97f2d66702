"""What a row asks: its conversation up to the last answer, and the key by which rows that ask the same are equal."""

from taskfit.core.example import Message
from taskfit.data.normal import normal
from taskfit.data.record import Record


def asked(record: Record) -> tuple[Message, ...]:
    """Return the messages before the last answer; of plain text one message with the text."""
    if not record.messages:
        return (Message("user", record.text or ""),)
    return record.messages[:-1] if record.messages[-1].role == "assistant" else record.messages


def key_of_record(record: Record) -> str:
    """Return what a row asks, in the normal form of `duplicates.normal`; its answer or label is not part of it."""
    messages = asked(record)
    if len(messages) == 1:
        return normal(messages[0].content)
    return "\x1f".join(f"{message.role} {normal(message.content)}" for message in messages)
