"""Preference pairs that teach nothing or the wrong thing: equal answers, one the start of the other, two questions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, threshold
from taskfit.data.finding import REVIEW, STEP, RowFinding, Tally
from taskfit.data.normal import normal


@dataclass(frozen=True)
class PreferencePairs(RowCheck):
    """The two answers of each pair against one another."""

    title: ClassVar[Text] = Text("preference pairs", "偏好对")
    shorter: int = threshold(
        20, "characters by which an answer must go on for the other to be its start", "后者至少多出多少字符才视为前缀"
    )

    def seen(self, chunk: Chunk) -> Mapping[str, int]:
        """Return the number of pairs."""
        return {"rows": sum(record.kind == "pair" for record in chunk.records)}

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield what is wrong with each pair."""
        for row, record in enumerate(chunk.records):
            if record.kind != "pair":
                continue
            chosen, rejected = _said(record.chosen), _said(record.rejected)
            if not chosen.strip() or not rejected.strip():
                yield "empty_side", row
            elif chosen == rejected or normal(chosen) == normal(rejected):
                yield "equal_pair", row, chosen
            elif self._begins(chosen, rejected):
                yield "prefix_pair", row, min(chosen, rejected, key=len)[-100:]
            if _asked_in(record.chosen) != _asked_in(record.rejected):
                yield "prompt_mismatch", row, " | ".join((*_asked_in(record.chosen), *_asked_in(record.rejected)))

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield one finding a kind."""
        equal = Text(
            "chosen and rejected are equal without case, width, marks and spaces; any warns",
            "chosen 与 rejected 忽略大小写、全半角、标点与空格后相同；有即警告",
        )
        yield from Telling(
            Text("pairs of equal answers", "两个回答相同的偏好对"), equal, fix={"drop_equal_pairs": {}}, effort=STEP
        ).of(part, "equal_pair")
        prefix = Text(
            f"one answer is the start of the other, which goes on for at least {self.shorter} characters; any warns",
            f"一个回答是另一个的开头，后者多出至少 {self.shorter} 个字符；有即警告",
        )
        yield from Telling(
            Text("pairs of an answer and its start", "一个回答是另一个的前缀"),
            prefix,
            fix={"drop_prefix_pairs": {}},
            effort=STEP,
        ).of(part, "prefix_pair")
        mismatch = Text(
            "chosen and rejected hold different questions of the user; any blocks",
            "chosen 与 rejected 中用户的提问不同；有即阻止训练",
        )
        yield from Telling(
            Text("pairs that answer different questions", "回答不同问题的偏好对"),
            mismatch,
            block=0.0,
            fix=part.drop("prompt_mismatch"),
            effort=REVIEW,
        ).of(part, "prompt_mismatch")
        empty = Text("chosen or rejected has no words; any warns", "chosen 或 rejected 没有文字；有即警告")
        yield from Telling(
            Text("pairs with an empty answer", "含空回答的偏好对"), empty, fix={"drop_empty": {}}, effort=STEP
        ).of(part, "empty_side")

    def _begins(self, one: str, other: str) -> bool:
        short, long = sorted((one.strip(), other.strip()), key=len)
        return len(long) - len(short) >= self.shorter and long.startswith(short)


def _said(messages: tuple[Message, ...]) -> str:
    return "\n".join(
        message.content + "".join(f"{call.name}{call.arguments}" for call in message.calls)
        for message in messages
        if message.role == "assistant"
    )


def _asked_in(messages: tuple[Message, ...]) -> list[str]:
    return [message.content for message in messages if message.role == "user"]
