"""Conversations whose turns stand in no sound order: twice the same side, begun by the answer, without an answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, talks_of, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally


@dataclass(frozen=True)
class Turns(RowCheck):
    """The order of the turns of a conversation, and answers without words."""

    title: ClassVar[Text] = Text("the order of turns", "对话轮次的顺序")
    most: float = threshold(
        0.05, "share of conversations with turns out of order above which it warns", "轮次异常的对话超过此比例时警告"
    )

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield what is wrong with the turns of each row."""
        for row, record in enumerate(chunk.records):
            found = {name for talk in talks_of(record) for name in _wrong_in(talk)}
            if record.kind == "talk" and record.messages[-1].role == "user":
                found.add("no_answer")
            for name in sorted(found):
                yield name, row

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found, each with its step."""
        above = percent(self.most)
        twice = Text(
            f"two turns of the user or of the assistant one after the other; above {above} it warns",
            f"连续两轮都是用户或都是助手；超过 {above} 时警告",
        )
        yield from Telling(
            Text("the same side speaks twice", "同一方连续发言"), twice, self.most, fix={"merge_turns": {}}
        ).of(part, "turns_not_alternating")
        first = Text(
            f"the first turn (after the system's) is an answer; above {above} it warns",
            f"（系统消息之后的）第一轮是回答；超过 {above} 时警告",
        )
        yield from Telling(Text("begins with an answer", "以回答开头"), first, self.most, fix={"merge_turns": {}}).of(
            part, "begins_with_answer"
        )
        last = Text("a conversation with answers whose last turn is the user's", "有回答的对话以用户发言结尾")
        yield from Telling(
            Text("the last question has no answer", "最后的提问没有回答"), last, self.most, fix={"merge_turns": {}}
        ).of(part, "no_answer")
        misplaced = Text("a system message that is not the first, or a second one", "系统消息不在首位，或多于一条")
        yield from Telling(
            Text("system message out of place", "系统消息位置不对"), misplaced, fix={"merge_turns": {}}
        ).of(part, "system_misplaced")
        empty = Text(
            "an answer without words, thoughts and tool calls; any warns", "回答没有文字、思考与工具调用；有即警告"
        )
        yield from Telling(Text("empty answers", "空回答"), empty, fix={"drop_empty": {}}, effort=REVIEW).of(
            part, "empty_answers"
        )


def _wrong_in(talk: tuple[Message, ...]) -> Iterator[str]:
    spoken = [message.role for message in talk if message.role != "system"]
    if any(one == other and one in ("user", "assistant") for one, other in pairwise(spoken)):
        yield "turns_not_alternating"
    if spoken and spoken[0] == "assistant":
        yield "begins_with_answer"
    if any(message.role == "system" for message in talk[1:]):
        yield "system_misplaced"
    if any(m.role == "assistant" and not (m.content.strip() or m.thinking.strip() or m.calls) for m in talk):
        yield "empty_answers"
