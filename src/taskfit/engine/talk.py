"""Conversations as training rows: exactly the tokens that the model sees when it is asked, and which of them are learned.

The prompt before an answer is what serving renders and tokenises; the answer follows it. One row serves several
answers as long as each of their prompts is its beginning; where a template writes earlier turns differently later on
(drops their thoughts, moves the tools), the conversation becomes several rows.
"""

import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from taskfit.core.errors import DataError, Finding, ModelError
from taskfit.core.example import Example, Message
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.prompt import conversation
from taskfit.model.template_tools import THOUGHT_CLOSE, with_thought

SPLIT = Text(
    "the chat template writes earlier turns differently later on: the conversation is learned as several rows, each as "
    "the model sees it when asked",
    "对话模板之后会改写前面的轮次：该对话拆成多行学习，每行都与模型被提问时所见一致",
)
END_ADDED = Text(
    "the chat template writes no mark after an answer: the end-of-text token follows the last answer of the row",
    "对话模板在回答后不写结束标记：在该行最后一个回答之后加上文本结束符",
)
NOT_CONTINUED = Text(
    "the chat template does not write this answer as a continuation of the prompt: prompt and answer are put together",
    "对话模板写出的回答不是提示的延续：直接把提示与回答拼接",
)
WORDS_LOST = Text(
    "the chat template leaves out the words of an answer (beside its tool calls): they are not learned",
    "对话模板略去了回答中（工具调用之外）的文字：这些文字不会被学习",
)
WEIGHT_LOST = Text(
    "a message with a weight is not written as it stands: its weight is not used",
    "带权重的消息未按原样写出：其权重未被使用",
)
_MARK = "ANSWER-7f3a"


@dataclass(frozen=True)
class TalkRule:
    """What is learned of a conversation where its messages say nothing (see Message.weight).

    `learn`: what the assistant says, or all tokens as in pre-training. `last`: only so many answers from the end.
    `end`: also the token that ends an answer. `thinking`: thoughts are learned, only read, or left out of the rows.
    """

    learn: Literal["answers", "all"] = "answers"
    last: int | None = None
    end: bool = True
    thinking: Literal["learn", "read", "drop"] = "learn"


@dataclass(frozen=True)
class Talk:
    """The rows of one conversation, how many answers they learn, and what must be told about them."""

    rows: tuple[Any, ...]
    answers: int
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class TalkRows:
    """The rows of many conversations; `notes` maps what must be told to the places it is about."""

    rows: tuple[Any, ...]
    answers: int
    notes: Mapping[Text, tuple[str, ...]] = field(default_factory=dict)


def rows_of_examples(
    model: Any,
    task: Task,
    examples: Sequence[Example],
    rule: TalkRule | None = None,
    *,
    told: Callable[[int], None] = lambda _: None,
) -> TalkRows:
    """Return the rows of all examples, asked as the task asks them, with the target as last answer where there is one.

    An example in which nobody answers is plain text, mixed in so that what was learned from text is not forgotten.
    Raises DataError with every row that the chat template cannot write.
    """
    rows: list[Any] = []
    notes: dict[Text, list[str]] = {}
    broken: list[Finding] = []
    answers, special = 0, _special_tokens(model)
    for done, example in enumerate(examples):
        told(done)
        origin, talk = str(example.origin), conversation(task, example)
        if example.target is not None:
            talk.append(Message("assistant", task.word_of(example.target)))
        elif all(message.role == "user" for message in example.messages):
            rows.append(text_row(model, example.text, origin))
            continue
        try:
            found = rows_of_talk(model, talk, rule, tools=example.tools, origin=origin)
        except ModelError as problem:
            broken += [replace(finding, where=origin) for finding in problem.findings]
            continue
        rows += found.rows
        answers += found.answers
        for note in (*found.notes, *_specials(special, talk)):
            notes.setdefault(note, []).append(origin)
    if broken:
        raise DataError(broken)
    return TalkRows(tuple(rows), answers, {note: tuple(origins) for note, origins in notes.items()})


def rows_of_talk(
    model: Any,
    messages: Sequence[Message],
    rule: TalkRule | None = None,
    *,
    tools: Sequence[str] = (),
    origin: str = "",
) -> Talk:
    """Return the rows of a conversation; one in which nothing is learned when it has no answer to learn."""
    rule = rule or TalkRule()
    if rule.thinking == "drop":
        messages = [replace(message, thinking="") for message in messages]
    writer = _Writer(model, messages, tuple(tools), rule)
    weights = _weights(messages, rule)
    learned = [place for place in _answers(messages) if weights[place]]
    turns = [] if rule.learn == "all" else [writer.turn(place, weights[place]) for place in learned]
    opened = _open_rows(writer, turns) if turns else [writer.whole_text()]
    notes = [*model.template.notes(messages, tools), *(note for turn in turns for note in turn.notes)]
    notes += [SPLIT] * (len(opened) > 1) + [END_ADDED] * any(row.ended for row in opened)
    weighed = [writer.weigh(opened[-1], place) for place in range(len(messages))]
    notes += [WEIGHT_LOST] * (not all(weighed))
    return Talk(tuple(row.row(origin) for row in opened), len(learned), tuple(dict.fromkeys(notes)))


def talk_row(model: Any, messages: Sequence[Message], *, last: int | None = None, end: bool = True) -> Any:
    """Return the one row of a conversation: what the assistant says is learned, and the token that ends each answer.

    Of its answers only the `last` ones are learned; None means all. Without `end`, the ending token is not. Raises
    ModelError where the template makes several rows of it (see `rows_of_talk`).
    """
    rows = rows_of_talk(model, messages, TalkRule(last=last, end=end)).rows
    if len(rows) > 1:
        raise ModelError(SPLIT, todo=Text("learn only the last answer: last=1", "只学习最后一个回答：last=1"))
    return rows[0]


def text_row(model: Any, text: str, origin: str = "") -> Any:
    """Return the row of a plain text: all its tokens are learned, and the end-of-text token after it."""
    from taskfit.engine.learner import Row

    ids = array("i", model.encode([text])[0])
    end = model.tokenizer.eos_token_id
    if end is not None:
        ids.append(end)
    learn: Any = bytes([1]) * len(ids)
    return Row(ids, learn, origin)


def _answers(messages: Sequence[Message]) -> list[int]:
    return [place for place, message in enumerate(messages) if message.role == "assistant"]


def _weights(messages: Sequence[Message], rule: TalkRule) -> list[float]:
    """Return the weight of each message: its own, else what the rule says."""
    answers = _answers(messages)
    learned = set(answers if rule.last is None else answers[-rule.last :])
    by_rule = [float(rule.learn == "all" or place in learned) for place in range(len(messages))]
    return [one if message.weight is None else message.weight for message, one in zip(messages, by_rule, strict=True)]


@dataclass(frozen=True)
class _Turn:
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
class _OpenRow:
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

    def takes(self, turn: _Turn) -> bool:
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


def _open_rows(writer: "_Writer", turns: Sequence[_Turn]) -> list[_OpenRow]:
    """Return as few rows as possible: from the last answer back, an answer goes into the row after it if it can."""
    rows: list[_OpenRow] = []
    for turn in reversed(turns):
        if not (rows and rows[-1].takes(turn)):
            rows.append(writer.open(turn))
    return rows[::-1]


@dataclass
class _Writer:
    """Writes one conversation with the template and the tokenizer of a model."""

    model: Any
    messages: Sequence[Message]
    tools: tuple[str, ...]
    rule: TalkRule

    def __post_init__(self) -> None:
        ending = self.model.template.answer_end
        self.mark = ending.rstrip()
        self.blank = ending[len(self.mark) :]

    def write(self, count: int, *, answer_next: bool = False) -> str:
        """Return the first `count` messages as text."""
        text: str = self.model.template.render(self.messages[:count], answer_next=answer_next, tools=self.tools)
        return text

    def turn(self, place: int, weight: float) -> _Turn:
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
        return _Turn(prompt, self.model.encode([prompt])[0], answer, first, last, closed, weight, notes)

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

    def open(self, turn: _Turn) -> _OpenRow:
        """Return the row that ends with this answer, the answer marked."""
        text = turn.prompt + (turn.answer if self.mark else turn.answer[: turn.closed])
        row = self.coded(text)
        if row.ids[: len(turn.ids)] != turn.ids:  # prompt and answer melt into one token, which serving never sees
            prompt, answer = self.coded(turn.prompt), self.coded(text[len(turn.prompt) :])
            starts = prompt.starts + [len(turn.prompt) + start for start in answer.starts]
            row = _OpenRow(text, prompt.ids + answer.ids, starts, prompt.weights + answer.weights)
        assert row.takes(turn)
        return self.ended(row, turn.weight if self.rule.end else 0.0)

    def whole_text(self) -> _OpenRow:
        """Return the whole conversation as one row, learned as a text (or not at all)."""
        learned = self.rule.learn == "all"
        text = self.write(len(self.messages))
        row = self.coded(text if self.mark else text.removesuffix(self.blank))
        row.weights = [float(learned)] * len(row.ids)
        return self.ended(row, float(learned))

    def coded(self, text: str) -> _OpenRow:
        found = self.model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        ids = list(found["input_ids"])
        return _OpenRow(text, ids, [start for start, _ in found["offset_mapping"]], [0.0] * len(ids))

    def ended(self, row: _OpenRow, weight: float) -> _OpenRow:
        """Return the row with the end-of-text token after it where the template writes no mark."""
        end = self.model.tokenizer.eos_token_id
        if self.mark or end is None or not weight:
            return row
        return _OpenRow(row.text, [*row.ids, end], [*row.starts, len(row.text)], [*row.weights, weight], ended=True)

    def weigh(self, row: _OpenRow, place: int) -> bool:
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


def _special_tokens(model: Any) -> "re.Pattern[str] | None":
    """Return a pattern of the tokenizer's special tokens."""
    found = [token.content for token in model.tokenizer.added_tokens_decoder.values() if token.special]
    return re.compile("|".join(sorted(map(re.escape, found), key=len, reverse=True))) if found else None


def _specials(pattern: "re.Pattern[str] | None", talk: Sequence[Message]) -> Iterator[Text]:
    """Yield a remark for each special token that stands in the words of a conversation."""
    if pattern is None:
        return
    said = "\0".join(part for message in talk for part in (message.content, message.thinking))
    for token in sorted(set(pattern.findall(said))):
        yield Text(
            f"a text holds '{token}', which the model reads as its special token and not as words",
            f"文本中含有 '{token}'，模型会把它当作特殊 token 而不是文字",
        )
