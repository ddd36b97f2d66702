"""Paraphrases of inputs: the same meaning in other words, under the same label or answer; numbers must survive."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from taskfit.core.example import Message
from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.normal import normal
from taskfit.data.record import Record
from taskfit.data.rouge import RougePool
from taskfit.workshop.filters import is_refusal, numbers_in
from taskfit.workshop.maker import Sampling
from taskfit.workshop.reading import numbered
from taskfit.workshop.recipe import Batch, Need, Recipe, Rejected, Turn, fill

ASK = Text(
    """Say the text below in $count other ways. Each has the same meaning, the same names and numbers, and the same tone$label, but other \
words and another sentence structure. Write one version per line, numbered from 1, and nothing else.

$text""",
    """请用 $count 种不同的说法改写下面的文本。意思、名称、数字和语气都不变$label，但用词和句式要不同。每行一种，从 1 开始编号，不要其他内容。

$text""",
)
LABEL = Text(' (it is of the class "$label" and must remain so)', "（它属于“$label”类，改写后仍须属于该类）")
COPY = 0.9


class Paraphrase(Recipe):
    """The same rows in other words."""

    about: ClassVar[Text] = Text(
        "paraphrases of the texts of your rows; label or answer stays", "改写数据中的文本，标签或答案不变"
    )
    when: ClassVar[Text] = Text("there are few rows, or all sound alike", "数据少或说法单一时")
    needs: ClassVar[Need] = "rows"
    prompts: ClassVar[tuple[Text, ...]] = (ASK, LABEL)

    batch: int = setting(16, "rows a round", "每轮的行数", ge=1, le=10_000)
    count: int = setting(3, "paraphrases of each row", "每行的改写数", ge=1, le=20)
    temperature: float = setting(0.9, "how freely is written", "随机程度", ge=0, le=2)

    def make(self, turn: Turn) -> Batch:
        """Paraphrase the next rows."""
        taken = turn.slice(self.batch)
        records = [one for one in taken if one.spans is None]
        marked = [one for one in taken if one.spans is not None]
        rejected = [Rejected("marked_places", {"text": one.prompt}, one.id) for one in marked]
        rows: list[Record] = []
        replies = turn.ask([self._prompt(one, turn) for one in records], Sampling(self.temperature, 0.95))
        for record, reply in zip(records, replies, strict=True):
            if reply.failed or is_refusal(reply.text):
                reason = "no_answer" if reply.failed else "refusal"
                rejected.append(Rejected(reason, {"text": record.prompt, "why": reply.text}, record.id))
                continue
            versions = numbered(reply.text)
            if reply.finish == "length" and versions:
                rejected.append(Rejected("cut", {"text": versions.pop()}, record.id))
            rows += _rows(record, versions, rejected)
        return Batch(tuple(rows), tuple(rejected), finished=turn.is_last(self.batch))

    def _prompt(self, record: Record, turn: Turn) -> str:
        label = fill(LABEL, turn.language, label=record.label) if record.label else ""
        return fill(ASK, turn.language, count=str(self.count), text=record.prompt, label=label)


def _rows(record: Record, versions: list[str], rejected: list[Rejected]) -> list[Record]:
    rows: list[Record] = []
    copies = RougePool([record.prompt], similar=COPY)
    same = {normal(record.prompt)}
    for text in versions:
        reason = None
        if normal(text) in same or copies.nearest(text) is not None:
            reason = "copy"
        elif numbers_in(text) != numbers_in(record.prompt):
            reason = "lost_number"
        if reason is not None:
            rejected.append(Rejected(reason, {"text": text, "from": record.prompt}, record.id))
            continue
        copies.add(text)
        same.add(normal(text))
        rows.append(_with_prompt(record, text))
    return rows


def _with_prompt(record: Record, text: str) -> Record:
    """Return a row with other words of the user; it stays in the group of the old one."""
    about: Mapping[str, str] = {**record.about, "parent": record.id}
    row = replace(record, group=record.group or record.id, about=about, parts={})
    if not record.messages:
        return replace(row, text=text)
    places = [place for place, one in enumerate(record.messages) if one.role == "user"]
    messages = list(record.messages)
    messages[places[-1]] = Message("user", text)
    return replace(row, messages=tuple(messages))
