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
from taskfit.engine.talk_writer import OpenRow, Turn, Writer

SPLIT = Text(
    "the chat template writes earlier turns differently later on: the conversation is learned as several rows, each as "
    "the model sees it when asked",
    "对话模板之后会改写前面的轮次：该对话拆成多行学习，每行都与模型被提问时所见一致",
)
END_ADDED = Text(
    "the chat template writes no mark after an answer: the end-of-text token follows the last answer of the row",
    "对话模板在回答后不写结束标记：在该行最后一个回答之后加上文本结束符",
)
WEIGHT_LOST = Text(
    "a message with a weight is not written as it stands: its weight is not used",
    "带权重的消息未按原样写出：其权重未被使用",
)


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
    writer = Writer(model, messages, tuple(tools), rule)
    weights = _weights(messages, rule)
    learned = [place for place in _answers_in(messages) if weights[place]]
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


def _answers_in(messages: Sequence[Message]) -> list[int]:
    """Return the places of what the assistant says."""
    return [place for place, message in enumerate(messages) if message.role == "assistant"]


def _weights(messages: Sequence[Message], rule: TalkRule) -> list[float]:
    """Return the weight of each message: its own, else what the rule says."""
    answers = _answers_in(messages)
    learned = set(answers if rule.last is None else answers[-rule.last :])
    by_rule = [float(rule.learn == "all" or place in learned) for place in range(len(messages))]
    return [one if message.weight is None else message.weight for message, one in zip(messages, by_rule, strict=True)]


def _open_rows(writer: Writer, turns: Sequence[Turn]) -> list[OpenRow]:
    """Return as few rows as possible: from the last answer back, an answer goes into the row after it if it can."""
    rows: list[OpenRow] = []
    for turn in reversed(turns):
        if not (rows and rows[-1].takes(turn)):
            rows.append(writer.open(turn))
    return rows[::-1]


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
