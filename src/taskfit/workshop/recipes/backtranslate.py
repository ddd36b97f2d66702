"""Instruction back-translation: a good text is the answer; the model finds the instruction to which it is one, and says how well.

Li et al. 2023, "Self-Alignment with Instruction Backtranslation", arXiv:2308.06259: the answers are written by people, the questions by
the model, and the pairs are curated by a score from 1 to 5.
"""

import re
from dataclasses import replace
from typing import ClassVar

from taskfit.core.example import Message
from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.workshop.documents import piece_of, text_of
from taskfit.workshop.filters import wrong_instruction
from taskfit.workshop.maker import Reply, Sampling
from taskfit.workshop.reading import number_in
from taskfit.workshop.recipe import Batch, Need, Recipe, Rejected, Turn, answered, fill

ASK = Text(
    """A person asked for something, and the text below is exactly what that person got as the answer. Write what the person asked for: \
one instruction of one to three sentences that names topic, form and length as far as the text lets one know them. Do not speak of "the text" \
or "the answer". Reply with the instruction and nothing else.

$text""",
    """有人提出了一个要求，下面的文字正是他得到的完整回答。请写出这个要求：一条一到三句话的指令，尽可能说明文字所体现的主题、体裁和篇幅。\
不要提到“这段文字”“上文”或“回答”。只输出指令，不要其他内容。

$text""",
)
SCORE = Text(
    """Judge how well the answer serves the instruction. 5: complete, on the point, written as by an expert for exactly this question. \
4: good, with little that is missing or too much. 3: usable, but partly beside the question. 2: touches the question only in part. 1: off the \
point, or full of advertising, navigation and remains of a web page.
Reply with JSON alone: {"score": a number from 1 to 5, "reason": "one sentence"}

Instruction:
$instruction

Answer:
$answer""",
    """请评价回答在多大程度上满足指令。5：完整切题，如专家专为此问题所写；4：良好，略有缺漏或冗余；3：可用，但部分偏题；2：只涉及问题的\
一部分；1：答非所问，或充斥广告、导航等网页残留。
只输出 JSON：{"score": 1 到 5 的数字, "reason": "一句话理由"}

指令：
$instruction

回答：
$answer""",
)
_OF_THE_TEXT = re.compile(
    r"\b(?:the|this) (?:text|passage|answer)\b|\babove\b|上文|这段(?:文字|话|文本)|上述|该(?:文本|回答)|原文",
    re.IGNORECASE,
)


class Backtranslate(Recipe):
    """Instructions for texts that are there."""

    about: ClassVar[Text] = Text(
        "back-translation: for each document the instruction that it would answer",
        "反向翻译：为每篇文档写出它所回答的指令",
    )
    when: ClassVar[Text] = Text("there are good texts, but no questions to them", "有好的文本而没有对应问题时")
    needs: ClassVar[Need] = "documents"
    prompts: ClassVar[tuple[Text, ...]] = (ASK, SCORE)
    judges: ClassVar[bool] = True

    batch: int = setting(16, "documents a round", "每轮的文档数", ge=1, le=10_000)
    characters: int = setting(
        4000,
        "most characters of a document; longer ones end at a paragraph",
        "文档的最大字符数，超出部分在段落处截断",
        ge=50,
    )
    least: float = setting(
        4.0, "least score of a pair, 1 to 5 (1 keeps all)", "保留所需的最低评分，1 至 5（1 表示全部保留）", ge=1, le=5
    )
    temperature: float = setting(0.7, "how freely is written", "随机程度", ge=0, le=2)

    def make(self, turn: Turn) -> Batch:
        """Find the instructions of the next documents, and score the pairs."""
        records = turn.slice(self.batch)
        texts = [piece_of(text_of(one), self.characters) for one in records]
        prompts = [fill(ASK, turn.language, text=text) for text in texts]
        replies = turn.ask(prompts, Sampling(self.temperature, 0.9, max_tokens=256))
        instructions = [" ".join(reply.text.split()).strip('"“” ') for reply in replies]
        reasons = [
            _wrong(text, words, reply, turn) for text, words, reply in zip(instructions, texts, replies, strict=True)
        ]
        rejected = [
            Rejected(why, {"instruction": text, "answer": words[:200]}, one.id)
            for why, text, words, one in zip(reasons, instructions, texts, records, strict=True)
            if why is not None
        ]
        rows = [
            _row(one, text, words)
            for why, text, words, one in zip(reasons, instructions, texts, records, strict=True)
            if why is None
        ]
        kept = self._curated(rows, turn, rejected)
        return Batch(tuple(kept), tuple(rejected), finished=turn.is_last(self.batch))

    def _curated(self, rows: list[Record], turn: Turn, rejected: list[Rejected]) -> list[Record]:
        prompts = [fill(SCORE, turn.language, instruction=row.prompt, answer=row.answer) for row in rows]
        replies = turn.ask_judge(prompts, Sampling(0.0, max_tokens=128))
        kept: list[Record] = []
        for row, reply in zip(rows, replies, strict=True):
            score = None if reply.failed else number_in(reply.text, "score", low=1, high=5)
            said = {"instruction": row.prompt, "answer": row.answer[:200]}
            parent = row.about["parent"]
            if score is None:
                rejected.append(Rejected("no_score", {**said, "reply": reply.text}, parent))
            elif score < self.least:
                rejected.append(Rejected("low_score", {**said, "score": f"{score:g}"}, parent))
            else:
                kept.append(_scored(row, score, turn.judge.name))
        return kept


def _wrong(instruction: str, text: str, reply: Reply, turn: Turn) -> str | None:
    if reply.failed:
        return "no_answer"
    if reply.finish == "length":
        return "cut"
    if not text.strip():
        return "empty_output"
    if not instruction:
        return "too_short"
    if _OF_THE_TEXT.search(instruction):
        return "about_the_text"
    reason = wrong_instruction(instruction, turn.language)
    if reason is None and len(instruction) > 20 and instruction in text:
        return "copy"
    return reason if reason in ("too_short", "too_long", "wrong_language", "odd_start") else None


def _row(record: Record, instruction: str, text: str) -> Record:
    return answered(record, (Message("user", instruction),), text)


def _scored(row: Record, score: float, judge: str) -> Record:
    return replace(row, about={**row.about, "judge": judge, "judge_score": f"{score:g}"})
