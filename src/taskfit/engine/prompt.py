"""Prompts: a task, examples to show, and a question, as one conversation."""

from collections.abc import Sequence

from taskfit.core.example import Example, Message
from taskfit.core.task import Task


def conversation(task: Task, example: Example, shown: Sequence[Example] = ()) -> list[Message]:
    """Return the conversation that asks for the example's answer after showing the `shown` examples.

    The instruction is the system turn; every shown example is a user turn and the assistant's answer.
    A system text of the example's own follows the instruction.
    """
    system = [task.instruction] if task.instruction else []
    system += [message.content for message in example.messages if message.role == "system"]
    turns = [Message("system", "\n".join(system))] if system else []
    for one in shown:
        turns += [message for message in one.messages if message.role != "system"]
        turns.append(Message("assistant", task.word_of(one.target or "")))
    return turns + [message for message in example.messages if message.role != "system"]
