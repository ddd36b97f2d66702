"""Questions from a knowledge base: each document is read, and asked what it answers; every answer quotes where it stands."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

from taskfit.core.example import Message
from taskfit.core.settings import setting
from taskfit.core.text import Language, Text
from taskfit.data.record import Record
from taskfit.workshop.documents import piece_of, stands_in, text_of
from taskfit.workshop.maker import Reply, Sampling
from taskfit.workshop.reading import json_in
from taskfit.workshop.recipe import Batch, Need, Recipe, Rejected, Turn, answered, fill

ASK = Text(
    """Read the document and write $count questions that somebody who needs its knowledge could ask, and that it answers. Let them ask \
about different things and in different ways (what, why, how, how many, what if). A question must be clear to somebody who does not have the \
document before them: name things by their names. The answer is complete, in sentences of its own, and says nothing that the document does not \
say. "quote" is the passage that proves it, copied word for word.
Reply with JSON alone: [{"question": "...", "answer": "...", "quote": "..."}]

Document:
$text""",
    """请阅读文档，写出 $count 个需要这些知识的人可能会问、并且文档能够回答的问题。问题要针对不同内容，问法也要多样（是什么、为什么、怎么做、\
多少、如果……会怎样）。即使手边没有文档，也能看懂问题：请直接写出事物的名称。答案用自己的话写完整，不得超出文档所说。“quote”是能证明答案\
的原文片段，须逐字抄录。
只输出 JSON：[{"question": "……", "answer": "……", "quote": "……"}]

文档：
$text""",
)
WITH_DOCUMENT = Text(
    "Answer the question by the document.\n\nDocument:\n$text\n\nQuestion: $question",
    "请根据文档回答问题。\n\n文档：\n$text\n\n问题：$question",
)
FIELDS = ("question", "answer", "quote")


class Questions(Recipe):
    """Questions and answers out of documents."""

    about: ClassVar[Text] = Text(
        "questions and answers from documents, each answer proved by a quotation",
        "由文档生成问答，每个答案都有原文为证",
    )
    when: ClassVar[Text] = Text("the knowledge stands in documents", "知识都写在文档里时")
    needs: ClassVar[Need] = "documents"
    prompts: ClassVar[tuple[Text, ...]] = (ASK,)

    batch: int = setting(8, "documents a round", "每轮的文档数", ge=1, le=10_000)
    count: int = setting(4, "questions of each document", "每篇文档的问题数", ge=1, le=50)
    characters: int = setting(
        6000,
        "most characters of a document; longer ones end at a paragraph",
        "文档的最大字符数，超出部分在段落处截断",
        ge=50,
    )
    with_document: bool = setting(
        False, "put the document before the question, as for reading", "在问题前附上文档（阅读理解形式）"
    )
    temperature: float = setting(0.7, "how freely is written", "随机程度", ge=0, le=2)
    max_tokens: int = setting(2048, "most tokens of one call", "每次调用的最大 token 数", ge=64, le=100_000)

    def make(self, turn: Turn) -> Batch:
        """Ask about the next documents."""
        records = turn.slice(self.batch)
        texts = [piece_of(text_of(one), self.characters) for one in records]
        prompts = [fill(ASK, turn.language, count=str(self.count), text=text) for text in texts]
        rejected: list[Rejected] = []
        rows: list[Record] = []
        replies = turn.ask(prompts, Sampling(self.temperature, 0.9, max_tokens=self.max_tokens))
        for record, text, reply in zip(records, texts, replies, strict=True):
            for told in _told(reply, record.id, rejected):
                reason = _wrong(told, text, turn)
                if reason is None:
                    rows.append(self._row(record, text, told, turn.language))
                else:
                    rejected.append(Rejected(reason, told, record.id))
        return Batch(tuple(rows), tuple(rejected), finished=turn.is_last(self.batch))

    def _row(self, record: Record, text: str, told: Mapping[str, str], language: Language) -> Record:
        asked = told["question"]
        if self.with_document:
            asked = fill(WITH_DOCUMENT, language, text=text, question=asked)
        row = answered(record, (Message("user", asked),), told["answer"])
        parts = {"question": told["question"], **({"context": text} if self.with_document else {})}
        return replace(row, about={**row.about, "quote": told["quote"]}, parts=parts)


def _told(reply: Reply, parent: str, rejected: list[Rejected]) -> Iterator[dict[str, str]]:
    if reply.failed:
        rejected.append(Rejected("no_answer", {"why": reply.text}, parent))
        return
    value = json_in(reply.text)
    items = value if isinstance(value, list) else value.get("questions", [value]) if isinstance(value, dict) else []
    if not isinstance(items, list) or not items:
        reason = "cut" if reply.finish == "length" else "unreadable"
        rejected.append(Rejected(reason, {"reply": reply.text}, parent))
        return
    for item in items:
        told = {name: str(item[name]).strip() for name in FIELDS if name in item} if isinstance(item, dict) else {}
        if len(told) == len(FIELDS):
            yield told
        else:
            rejected.append(Rejected("unreadable", {"reply": str(item)}, parent))


def _wrong(told: Mapping[str, str], text: str, turn: Turn) -> str | None:
    if not told["answer"] or not told["question"]:
        return "empty_output"
    if any(
        words in told["question"].casefold() for words in ("the document", "the text", "文档", "本文", "文中", "上文")
    ):
        return "about_the_text"
    if not stands_in(told["quote"], text):
        return "not_in_document"
    return None if turn.pool.admit(told["question"]) is None else "similar"
