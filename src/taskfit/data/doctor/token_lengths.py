"""Rows longer than the model's window, and rows whose answer is lost when they are cut. Needs a tokenizer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Telling, Whole, percent, threshold
from taskfit.data.finding import KEPT, STEP, RowFinding, Spot, Tally, spot
from taskfit.data.record import Record
from taskfit.data.sizes import sizes_of

AROUND_A_TURN = 8
"""Tokens that a chat template writes around a turn, where it is not asked."""


@dataclass(frozen=True)
class Cut:
    """The tokens of each row, and the rows that are too long or lose their answer."""

    tokens: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class TokenLengths(Check[Cut]):
    """Tokens of each row against the length to which rows are cut."""

    title: ClassVar[Text] = Text("rows longer than the model reads", "超过模型长度的行")
    needs: ClassVar[tuple[str, ...]] = ("tokens", "window")
    warn: float = threshold(0.01, "share of rows over length above which it warns", "超长行超过此比例时警告")
    block: float = threshold(0.1, "share of rows over length above which it blocks", "超长行超过此比例时阻止训练")
    kept: float = threshold(0.5, "share of the answer that must be left after cutting", "截断后回答至少应保留的比例")

    def map(self, chunk: Chunk, means: Means) -> Cut:
        """Return the tokens of each row and what is cut."""
        assert means.window is not None
        answers = sizes_of(chunk, means, "answer")
        tokens = row_tokens(chunk.records, means)
        counts: dict[str, int] = {"rows": len(chunk.records)}
        spots: dict[str, list[Spot]] = {}
        for row in np.flatnonzero(tokens > means.window).tolist():
            lost = answers[row] > 0 and means.window - (tokens[row] - answers[row]) < self.kept * answers[row]
            for name in ("over_length", *(["answer_lost"] * bool(lost))):
                counts[name] = counts.get(name, 0) + 1
                words = f"{tokens[row]:,} > {means.window:,}: {chunk.prompts[row]}"
                if len(spots.setdefault(name, [])) < KEPT:
                    spots[name].append(spot(chunk.records[row], words))
        return Cut(tokens, Tally(counts, {name: tuple(some) for name, some in spots.items()}))

    def merge(self, one: Cut, other: Cut) -> Cut:
        """Return the tokens of both."""
        return Cut(np.concatenate((one.tokens, other.tokens)), one.tally + other.tally)

    def finish(self, part: Cut, whole: Whole) -> Iterator[RowFinding]:
        """Yield rows over length with a better length, and rows whose answer is lost."""
        window, tally = whole.means.window, part.tally
        if not len(part.tokens) or window is None:
            return
        better = int(-(-np.quantile(part.tokens, 0.995) // 64) * 64)
        over = Text(
            f"more than {window:,} tokens; above {percent(self.warn)} of the rows it warns, above {percent(self.block)} it "
            "blocks",
            f"超过 {window:,} 个词元；超过 {percent(self.warn)} 的行时警告，超过 {percent(self.block)} 时阻止训练",
        )
        more = Text(f"--max-length {better} would hold 99.5 %", f"--max-length {better} 可容纳 99.5 %")
        yield from Telling(
            Text(f"longer than {window:,} tokens", f"超过 {window:,} 个词元"),
            over,
            self.warn,
            self.block,
            fix={"drop_long": {"tokens": window}},
            effort=STEP,
            more=more,
        ).of(tally, "over_length")
        lost = Text(
            f"after cutting to {window:,} tokens less than {percent(self.kept)} of the answer is left; any blocks",
            f"截断到 {window:,} 个词元后回答剩余不足 {percent(self.kept)}；有即阻止训练",
        )
        yield from Telling(
            Text("the answer is lost by cutting", "截断后回答丢失"),
            lost,
            block=0.0,
            fix={"cut_prompt": {"tokens": window}},
        ).of(tally, "answer_lost")


def row_tokens(records: Iterable[Record], means: Means) -> NDArray[np.int32]:
    """Return the tokens of whole rows; of a pair, with the longer answer."""
    assert means.tokens is not None
    records = list(records)
    texts = [_parts(record) for record in records]
    flat = iter(means.tokens([text for sides in texts for side in sides for text in side]))
    counts = [max((sum(next(flat) + AROUND_A_TURN for _ in side) for side in sides), default=0) for sides in texts]
    return np.array(counts, np.int32)


def _parts(record: Record) -> list[list[str]]:
    before = [message.content + message.thinking for message in record.messages]
    sides: Mapping[str, list[str]] = {
        name: [message.content + message.thinking for message in answer]
        for name, answer in (("chosen", record.chosen), ("rejected", record.rejected))
        if answer
    }
    if sides:
        return [before + side for side in sides.values()]
    return [[*before, *(text for text in (record.text, record.label) if text)]]
