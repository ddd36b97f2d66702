"""Preference pairs: several answers to one question, compared by a judge in both orders; a choice that turns with the order is none.

Zheng et al. 2023, "Judging LLM-as-a-Judge", arXiv:2306.05685: judges prefer a place, so both orders are asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from taskfit.core.example import Message
from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.normal import normal
from taskfit.data.record import Record
from taskfit.workshop.filters import wrong_answer
from taskfit.workshop.maker import Reply, Sampling
from taskfit.workshop.reading import json_in
from taskfit.workshop.recipe import Batch, Need, Recipe, Rejected, Turn, fill, question_of

COMPARE = Text(
    """Two assistants answered the same request. Decide whose answer is better: right before complete, complete before clear. Do not count \
length, politeness, or which one stands first.
Reply with JSON alone: {"better": "A", "B" or "tie", "reason": "one sentence"}

Request:
$request

Answer A:
$first

Answer B:
$second""",
    """两个助手回答了同一个请求。请判断哪个回答更好：正确优先于完整，完整优先于清楚。不看篇幅、语气和先后顺序。
只输出 JSON：{"better": "A"、"B" 或 "tie", "reason": "一句话理由"}

请求：
$request

回答 A：
$first

回答 B：
$second""",
)


@dataclass(frozen=True)
class _Pair:
    """Two answers to one question."""

    record: Record
    talk: tuple[Message, ...]
    first: str
    second: str


class Preferences(Recipe):
    """Pairs of a better and a worse answer."""

    about: ClassVar[Text] = Text(
        "preference pairs: two answers to each question, chosen by a judge in both orders",
        "偏好对：对每个问题生成两个回答，由评审按两种顺序比较",
    )
    when: ClassVar[Text] = Text(
        "a model is to be aligned by preferences (DPO, a reward model)", "需要偏好对齐（DPO、奖励模型）时"
    )
    needs: ClassVar[Need] = "rows"
    prompts: ClassVar[tuple[Text, ...]] = (COMPARE,)
    judges: ClassVar[bool] = True

    batch: int = setting(16, "questions a round", "每轮的问题数", ge=1, le=10_000)
    own: bool = setting(
        False, "one of the two is the answer that the row has already", "两个回答之一使用数据中已有的回答"
    )
    temperature: float = setting(1.0, "how freely is answered", "随机程度", ge=0, le=2)
    max_tokens: int = setting(1024, "most tokens of an answer", "回答的最大 token 数", ge=1, le=100_000)

    def make(self, turn: Turn) -> Batch:
        """Answer the next questions twice, and compare."""
        rejected: list[Rejected] = []
        pairs = self._pairs(turn, rejected)
        rows = _compared(pairs, turn, rejected)
        return Batch(tuple(rows), tuple(rejected), finished=turn.is_last(self.batch))

    def _pairs(self, turn: Turn, rejected: list[Rejected]) -> list[_Pair]:
        records = turn.slice(self.batch)
        rejected += [Rejected("too_short", {}, one.id) for one in records if not question_of(one)]
        records = [one for one in records if question_of(one)]
        talks = [question_of(one) for one in records]
        sampling = Sampling(self.temperature, max_tokens=self.max_tokens)
        first = turn.ask(talks, sampling, sample=0)
        second = [Reply(one.answer) for one in records] if self.own else turn.ask(talks, sampling, sample=1)
        pairs: list[_Pair] = []
        for record, talk, one, other in zip(records, talks, first, second, strict=True):
            reason = wrong_answer(one) or wrong_answer(other)
            if reason is None and normal(one.text) == normal(other.text):
                reason = "equal_answers"
            if reason is None:
                pairs.append(_Pair(record, talk, one.text.strip(), other.text.strip()))
            else:
                said = {"prompt": talk[-1].content, "first": one.text, "second": other.text}
                rejected.append(Rejected(reason, said, record.id))
        return pairs


def _compared(pairs: Sequence[_Pair], turn: Turn, rejected: list[Rejected]) -> list[Record]:
    forward = _choices([(one, one.first, one.second) for one in pairs], turn)
    backward = _choices([(one, one.second, one.first) for one in pairs], turn)
    rows: list[Record] = []
    for pair, one, other in zip(pairs, forward, backward, strict=True):
        turned = {"A": "B", "B": "A", "tie": "tie"}.get(other or "")
        reason = None
        if one is None or turned is None:
            reason = "no_score"
        elif one != turned:
            reason = "order_decides"
        elif one == "tie":
            reason = "tie"
        if reason is None:
            rows.append(_row(pair, turn.judge.name, first_is_better=one == "A"))
        else:
            said = {"prompt": pair.talk[-1].content, "first": pair.first, "second": pair.second}
            rejected.append(Rejected(reason, said, pair.record.id))
    return rows


def _choices(asked: Sequence[tuple[_Pair, str, str]], turn: Turn) -> list[str | None]:
    prompts = []
    for pair, first, second in asked:
        request = "\n\n".join(
            one.content if len(pair.talk) == 1 else f"[{one.role}] {one.content}" for one in pair.talk
        )
        prompts.append(fill(COMPARE, turn.language, request=request, first=first, second=second))
    return [None if one.failed else _choice(one.text) for one in turn.ask_judge(prompts, Sampling(0.0, max_tokens=200))]


def _choice(text: str) -> str | None:
    value = json_in(text)
    told = value.get("better") if isinstance(value, dict) else text.strip()[:3]
    word = str(told).strip().strip(".\"'").casefold()
    return {"a": "A", "b": "B", "tie": "tie", "平": "tie", "平局": "tie"}.get(word)


def _row(pair: _Pair, judge: str, *, first_is_better: bool) -> Record:
    better, worse = (pair.first, pair.second) if first_is_better else (pair.second, pair.first)
    about = {**pair.record.about, "parent": pair.record.id, "judge": judge}
    return replace(
        pair.record,
        messages=pair.talk,
        chosen=(Message("assistant", better),),
        rejected=(Message("assistant", worse),),
        group=pair.record.group or pair.record.id,
        about=about,
        text=None,
        label=None,
    )
