"""Drop rows with more tokens than the model reads."""

from collections.abc import Sequence
from typing import ClassVar

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.doctor.token_lengths import row_tokens
from taskfit.data.record import Record
from taskfit.data.step import Applied, Step, without


class DropLong(Step):
    """Drop whole rows that would be cut. Needs a model, whose tokenizer counts."""

    about: ClassVar[Text] = Text("drop the rows with more tokens than so many", "删除超过指定词元数的行")
    needs: ClassVar[tuple[str, ...]] = ("tokens",)
    tokens: int = setting(..., "the most tokens of a row", "每行最多词元数", ge=1)

    def apply(self, records: Sequence[Record], means: Means) -> Applied:
        """Return the rows that fit."""
        counts = row_tokens(records, means).tolist()
        gone = {
            row: Text(f"{count:,} tokens, more than {self.tokens:,}", f"{count:,} 个词元，超过 {self.tokens:,}")
            for row, count in enumerate(counts)
            if count > self.tokens
        }
        return without(records, gone)
