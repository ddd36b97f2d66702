"""Cut what is asked, so that the answer fits: the middle of the longest question goes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from taskfit.core.example import Message
from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.doctor.token_lengths import row_tokens
from taskfit.data.record import Record
from taskfit.data.step import Applied, Entry, Step, changed, dropped

GAP = " … "
ROUNDS = 12


class CutPrompt(Step):
    """Shorten the longest message that is no answer until the row fits; rows whose answers alone are too long go."""

    about: ClassVar[Text] = Text("cut long questions so that the answer fits", "截短过长的提问以保留回答")
    needs: ClassVar[tuple[str, ...]] = ("tokens",)
    tokens: int = setting(..., "the most tokens of a row", "每行最多词元数", ge=16)

    def apply(self, records: Sequence[Record], means: Means) -> Applied:
        """Return rows that fit."""
        kept: list[Record] = []
        entries: list[Entry] = []
        for record, count in zip(records, row_tokens(records, means).tolist(), strict=True):
            if count <= self.tokens:
                kept.append(record)
                continue
            after = self._cut(record, count, means)
            told = Text(f"{count:,} tokens, more than {self.tokens:,}", f"{count:,} 个词元，超过 {self.tokens:,}")
            if after is None:
                entries.append(
                    dropped(record, Text(f"{told.en}, also without its question", f"{told.zh}，去掉提问仍超过"))
                )
            else:
                kept.append(after)
                entries.append(changed(record, after, told))
        return Applied(tuple(kept), tuple(entries))

    def _cut(self, record: Record, count: int, means: Means) -> Record | None:
        """Return the row with its longest question cut in the middle; None when no cut is enough."""
        asked = [at for at, one in enumerate(record.messages) if one.role in ("user", "tool")]
        if not asked:
            return None
        longest = max(asked, key=lambda at: len(record.messages[at].content))
        content = record.messages[longest].content
        size = len(content)
        for _ in range(ROUNDS):
            # Tokens per character of the rest are about those of the whole; a tenth more, so that few rounds do.
            size -= max(8, int(1.1 * (count - self.tokens) * len(content) / max(1, count)))
            if size < len(GAP) + 8:
                return None
            half = (size - len(GAP)) // 2
            cut = f"{content[: size - len(GAP) - half]}{GAP}{content[-half:]}"
            after = replace(record, messages=_with(record.messages, longest, cut), parts={})
            count = int(row_tokens([after], means)[0])
            if count <= self.tokens:
                return after
        return None


def _with(messages: tuple[Message, ...], at: int, content: str) -> tuple[Message, ...]:
    return (*messages[:at], replace(messages[at], content=content), *messages[at + 1 :])
