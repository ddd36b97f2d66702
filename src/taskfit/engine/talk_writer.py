"""One conversation written with the template and the tokenizer of a model: turns, and the rows that hold them."""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.model.template_tools import THOUGHT_CLOSE, with_thought

if TYPE_CHECKING:
    from taskfit.engine.talk import TalkRule

NOT_CONTINUED = Text(
    "the chat template does not write this answer as a continuation of the prompt: prompt and answer are put together",
    "对话模板写出的回答不是提示的延续：直接把提示与回答拼接",
)
WORDS_LOST = Text(
    "the chat template leaves out the words of an answer (beside its tool calls): they are not learned",
    "对话模板略去了回答中（工具调用之外）的文字：这些文字不会被学习",
)
_MARK = "ANSWER-7f3a"


@dataclass(frozen=True)
class Turn:
    """An answer: the prompt before it, all that is written after that, and which characters of it are learned."""

    prompt: str
    ids: list[int]
    answer: str
    first: int
    last: int
    closed: int
    weight: float
    notes: tuple[Text, ...]


@dataclass
class OpenRow:
    """A row while its answers are marked: its text, tokens, where each token starts in the text, and weights."""

    text: str
    ids: list[int]
    starts: list[int]
    weights: list[float]
    ended: bool = False

    def paint(self, first: int, last: int, weight: float, begin: int = 0) -> None:
        """Give the tokens from number `begin` on that start in the characters first..last - 1 a weight."""
        for place in range(begin, len(self.starts)):
            if first <= self.starts[place] < last:
                self.weights[place] = weight

    def takes(self, turn: Turn) -> bool:
        """Mark the answer and return True when this row begins with its prompt, token by token, and the answer."""
        start = len(turn.prompt)
        if self.ids[: len(turn.ids)] != turn.ids or not self.text.startswith(turn.prompt + turn.answer[: turn.closed]):
            return False
        self.paint(start + turn.first, start + turn.last, turn.weight, begin=len(turn.ids))
        return True

    def row(self, origin: str) -> Any:
        """Return the training row."""
        from taskfit.engine.learner import Row

        plain = {0.0, 1.0}.issuperset(self.weights)
        learn: Any = bytes(map(int, self.weights)) if plain else array("d", self.weights)
        return Row(array("i", self.ids), learn, origin)


@dataclass
class Writer:
    """Writes one conversation with the template and the tokenizer of a model."""

    model: Any
    messages: Sequence[Message]
    tools: tuple[str, ...]
    rule: "TalkRule"

    def __post_init__(self) -> None:
        ending = self.model.template.answer_end
        self.mark = ending.rstrip()
        self.blank = ending[len(self.mark) :]

    def write(self, count: int, *, answer_next: bool = False) -> str:
        """Return the first `count` messages as text."""
        text: str = self.model.template.render(self.messages[:count], answer_next=answer_next, tools=self.tools)
        return text

    def turn(self, place: int, weight: float) -> Turn:
        """Return the answer at `place`."""
        message = self.messages[place]
        notes: tuple[Text, ...] = ()
        prompt, whole = self.write(place, answer_next=True), self.write(place + 1)
        answer, thought = whole[len(prompt) :], message.thinking.strip()
        if not whole.startswith(prompt) or thought not in answer:
            answer, notes = self.continued(place, prompt, whole), (NOT_CONTINUED,)
        if message.content.strip() not in answer:
            notes = (*notes, WORDS_LOST)
        closed = len(answer.removesuffix(self.blank))
        last = closed if self.rule.end else len(answer[:closed].removesuffix(self.mark))
        first = _after_thought(answer, message) if thought and self.rule.thinking == "read" else 0
        return Turn(prompt, self.model.encode([prompt])[0], answer, first, last, closed, weight, notes)

    def continued(self, place: int, prompt: str, whole: str) -> str:
        """Return what follows the prompt where the template's own text does not: the thought, then the written answer."""
        message = self.messages[place]
        silent = replace(message, thinking="")
        before = list(self.messages[:place])
        render = self.model.template.render
        if message.thinking:
            whole = render([*before, silent], answer_next=False, tools=self.tools)
        marked = render([*before, Message("assistant", _MARK)], answer_next=False, tools=self.tools)
        start = marked.rfind(_MARK)
        if not whole.startswith(marked[:start]):
            start = next((i for i, (a, b) in enumerate(zip(whole, marked, strict=False)) if a != b), start)
        open_thought = prompt.rstrip().endswith("<think>")
        if open_thought:
            lead = f"{message.thinking.strip()}{THOUGHT_CLOSE}"
        else:
            lead = with_thought(replace(message, content="")) if message.thinking else ""
        return lead + whole[start:]

    def open(self, turn: Turn) -> OpenRow:
        """Return the row that ends with this answer, the answer marked."""
        text = turn.prompt + (turn.answer if self.mark else turn.answer[: turn.closed])
        row = self.coded(text)
        if row.ids[: len(turn.ids)] != turn.ids:  # prompt and answer melt into one token, which serving never sees
            prompt, answer = self.coded(turn.prompt), self.coded(text[len(turn.prompt) :])
            starts = prompt.starts + [len(turn.prompt) + start for start in answer.starts]
            row = OpenRow(text, prompt.ids + answer.ids, starts, prompt.weights + answer.weights)
        assert row.takes(turn)
        return self.ended(row, turn.weight if self.rule.end else 0.0)

    def whole_text(self) -> OpenRow:
        """Return the whole conversation as one row, learned as a text (or not at all)."""
        learned = self.rule.learn == "all"
        text = self.write(len(self.messages))
        row = self.coded(text if self.mark else text.removesuffix(self.blank))
        row.weights = [float(learned)] * len(row.ids)
        return self.ended(row, float(learned))

    def coded(self, text: str) -> OpenRow:
        """Return the text in tokens, none of them learned yet."""
        found = self.model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        ids = list(found["input_ids"])
        return OpenRow(text, ids, [start for start, _ in found["offset_mapping"]], [0.0] * len(ids))

    def ended(self, row: OpenRow, weight: float) -> OpenRow:
        """Return the row with the end-of-text token after it where the template writes no mark."""
        end = self.model.tokenizer.eos_token_id
        if self.mark or end is None or not weight:
            return row
        return OpenRow(row.text, [*row.ids, end], [*row.starts, len(row.text)], [*row.weights, weight], ended=True)

    def weigh(self, row: OpenRow, place: int) -> bool:
        """Give a message the weight that it asks for against the rule; return False when it is not found in the row."""
        message, whole = self.messages[place], self.rule.learn == "all"
        if message.weight is None or message.weight == float(whole):
            return True
        if message.role == "assistant":
            return not whole or row.takes(self.turn(place, message.weight))
        before = [*self.messages[:place], replace(message, content=_MARK)]
        marked = self.model.template.render(before, answer_next=False, tools=self.tools)
        start, words = marked.find(_MARK), message.content.strip()
        at = row.text.find(words, start, start + len(message.content))
        if at < 0 or not row.text.startswith(marked[:start]):
            return False
        row.paint(at, at + len(words), message.weight)
        return True


def _after_thought(answer: str, message: Message) -> int:
    """Return where in the answer the thought, and the mark that closes it, is over."""
    after = answer.find(message.thinking.strip()) + len(message.thinking.strip())
    words = message.content.strip()
    start = answer.find(words, after) if words else -1
    if start >= 0:
        return start
    closing = re.compile(r"\s*</think>\s*").match(answer, after)
    return closing.end() if closing else after
