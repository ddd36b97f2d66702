"""Make texts fit a model's context: cut at the end, by a stated policy, and counted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from taskfit.core.errors import DataError
from taskfit.core.example import Example, Message, Origin
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.prompt import conversation
from taskfit.model.local import LocalModel

_NOWHERE = Origin("", 0)


@dataclass(frozen=True)
class Fitted:
    """The examples, and how many of them had their text cut."""

    examples: tuple[Example, ...]
    cut: int


def room_for_text(model: LocalModel, task: Task) -> int:
    """Return how many tokens a text may have.

    For encoders the context; for causal models half of what the instruction leaves, so that examples and an
    answer still fit beside it.
    """
    if model.card.architecture == "encoder":
        return model.card.context - 2
    bare = Example("", (Message("user", ""),), None, _NOWHERE)
    overhead = len(model.encode([model.render(conversation(task, bare))])[0])
    return max(8, (model.card.context - overhead - 16) // 2)


def fit_texts(model: LocalModel, task: Task, examples: Sequence[Example]) -> Fitted:
    """Return the examples with over-long user texts cut at the end; every rung then sees the same texts."""
    if not examples:
        return Fitted((), 0)
    room = room_for_text(model, task)
    texts = [example.text for example in examples]
    ids = model.encode(texts)
    fitted, cut = [], 0
    for example, text, row in zip(examples, texts, ids, strict=True):
        if len(row) > room:
            cut += 1
            example = _with_text(example, _head(model, text, room))
        fitted.append(example)
    return Fitted(tuple(fitted), cut)


def refuse_longer(model: LocalModel, rows: Sequence[Sequence[int]], *, spare: int = 0) -> None:
    """Raise DataError when a row of tokens, with `spare` more for an answer, is longer than the model reads."""
    longest, room = max((len(row) for row in rows), default=0), model.card.context
    if longest + spare > room:
        raise DataError(
            Text(
                f"the longest prompt has {longest} tokens, the model reads {room}",
                f"最长的提示有 {longest} 个 token，而模型只能读 {room} 个",
            ),
            todo=Text("show fewer examples, shorten the instruction or the texts", "请减少示例数量，或缩短指令或文本"),
        )


def _head(model: LocalModel, text: str, room: int) -> str:
    """Return the longest beginning of the text that ends before token `room` (a character may be several tokens)."""
    coded = model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    return text[: coded["offset_mapping"][room][0]]


def _with_text(example: Example, text: str) -> Example:
    last = max(place for place, message in enumerate(example.messages) if message.role == "user")
    messages = list(example.messages)
    messages[last] = Message("user", text)
    return replace(example, messages=tuple(messages))
