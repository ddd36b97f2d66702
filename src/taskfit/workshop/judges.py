"""Judges: a model that is asked for a score from 1 to 5, and a model that was trained to score."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.example import Example, Message
from taskfit.core.meter import Meter
from taskfit.core.prediction import Prediction, Predictor
from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.workshop.maker import Sampling
from taskfit.workshop.reading import number_in
from taskfit.workshop.recipe import Turn, fill, question_of

GRADE = Text(
    """Grade the answer to the request. Look first whether it is right, then whether it does all that was asked and nothing else, then whether \
it is clear. Neither length nor politeness is a merit.
5: right, complete, clear; nothing to mend
4: right, with a small flaw
3: partly right, or an important part is missing
2: mostly wrong or beside the request
1: wrong, empty, harmful, or no answer
Reply with JSON alone: {"score": a whole number from 1 to 5, "reason": "one sentence"}

Request:
$request

Answer:
$answer""",
    """请为回答打分。先看是否正确，再看是否完成了全部要求且没有多余内容，最后看是否清楚。篇幅长、语气客气都不加分。
5：正确、完整、清楚，无需修改
4：正确，有小瑕疵
3：部分正确，或缺少重要内容
2：大部分错误或偏离要求
1：错误、空洞、有害，或没有回答
只输出 JSON：{"score": 1 到 5 的整数, "reason": "一句话理由"}

请求：
$request

回答：
$answer""",
)
LOW, HIGH = 1, 5


@dataclass(frozen=True)
class AskedJudge:
    """The judging model of a synthesis, asked for a grade of each row."""

    name: str
    prompts: ClassVar[tuple[Text, ...]] = (GRADE,)

    def scores(self, records: Sequence[Record], turn: Turn) -> list[float | None]:
        """Return grades from 1 to 5; None where the answer cannot be read."""
        prompts = [fill(GRADE, turn.language, request=_request(one), answer=one.answer) for one in records]
        replies = turn.ask_judge(prompts, Sampling(temperature=0.0, max_tokens=200))
        return [None if one.failed else number_in(one.text, "score", low=LOW, high=HIGH) for one in replies]


@dataclass(frozen=True)
class TrainedJudge:
    """A predictor that was trained to score: a number, or the probability of the class `liked`.

    It reads a row as it was trained to: what is asked and the answer, one after the other.
    """

    name: str
    predictor: Predictor
    liked: str | None = None

    def scores(self, records: Sequence[Record], turn: Turn) -> list[float | None]:  # noqa: ARG002  (a Scorer's signature)
        """Return its scores; None where it could not say."""
        examples = [as_judged(one, number) for number, one in enumerate(records)]
        return [self._score(one) for one in self.predictor.predict(examples, Meter())]

    def _score(self, one: Prediction) -> float | None:
        if self.liked is None:
            return _number(one.answer)
        return _probability(one.scores, self.liked) if one.scores else _certain(one.answer, self.liked)


def as_judged(record: Record, number: int) -> Example:
    """Return a row as a judge reads it: one text with the request and the answer."""
    text = f"{_request(record)}\n\n{record.answer}" if record.answer else record.prompt
    return Example(record.id or f"judged:{number}", (Message("user", text),), None, record.origin)


def _request(record: Record) -> str:
    """Return what is asked: the question alone, or the whole talk that leads to the answer."""
    talk = question_of(record)
    if len(talk) <= 1:
        return record.prompt
    return "\n\n".join(f"[{one.role}] {one.content}" for one in talk)


def _number(answer: str | None) -> float | None:
    try:
        return None if answer is None else float(answer)
    except ValueError:
        return None


def _probability(scores: Mapping[str, float], liked: str) -> float | None:

    return math.exp(scores[liked]) if liked in scores else None


def _certain(answer: str | None, liked: str) -> float | None:
    return None if answer is None else float(answer == liked)
