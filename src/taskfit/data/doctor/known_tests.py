"""Rows of public test sets in the training rows, found by hashes alone (files made with `taskfit data hash`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, percent, threshold
from taskfit.data.finding import KEPT, REVIEW, RowFinding, Spot, spot
from taskfit.data.passages import standing_in
from taskfit.data.said import said_in, words_of_all


@dataclass(frozen=True)
class Known:
    """Of one hashed test set: which keys and passages stand in the rows, and the rows that have a key."""

    keys: NDArray[np.bool_]
    passages: NDArray[np.bool_]
    rows: tuple[Spot, ...] = ()


@dataclass(frozen=True)
class KnownTests(Check[tuple[Known, ...]]):
    """Rows of hashed test sets."""

    title: ClassVar[Text] = Text("rows of known test sets", "已知测试集中的行")
    needs = ("known",)
    passages: float = threshold(
        0.5, "share of a test row's 13-word passages in the rows from which it is known",
        "测试行的 13 词片段有多大比例出现即视为泄漏",
    )  # fmt: skip

    def map(self, chunk: Chunk, means: Means) -> tuple[Known, ...]:
        """Return what of each test set stands in the chunk."""
        asked = chunk.shared(said_in).asked_keys
        found = []
        for test in means.known:
            rows = np.flatnonzero(np.isin(asked, test.keys))[:KEPT]
            shown = tuple(spot(chunk.records[row], f"{test.name}: {chunk.prompts[row]}") for row in rows.tolist())
            words = chunk.shared(words_of_all)
            found.append(Known(np.isin(test.keys, asked), standing_in(test.passages.hashes, words), shown))
        return tuple(found)

    def merge(self, one: tuple[Known, ...], other: tuple[Known, ...]) -> tuple[Known, ...]:
        """Return what of each test set stands in both."""
        return tuple(
            Known(here.keys | there.keys, here.passages | there.passages, (*here.rows, *there.rows)[:KEPT])
            for here, there in zip(one, other, strict=True)
        )

    def finish(self, part: tuple[Known, ...], whole: Whole) -> Iterator[RowFinding]:
        """Yield one finding for each test set of which something is known."""
        for known, test in zip(part, whole.means.known, strict=True):
            equal = np.flatnonzero(known.keys)
            count = len(np.union1d(equal, test.seen(known.passages, self.passages)))
            if not count:
                continue
            share = count / len(test.keys)
            what = Text(
                f"{count:,} of the {len(test.keys):,} rows of the test set '{test.name}' ({percent(share)}) stand in "
                f"these rows, {len(equal):,} of them whole: report its score with and without them",
                f"测试集 '{test.name}' 的 {len(test.keys):,} 行中有 {count:,} 行（{percent(share)}）出现在这些数据中，"
                f"其中 {len(equal):,} 行完全相同：请同时报告含与不含这些行的得分",
            )
            rule = Text(
                f"equal in normal form, or at least {percent(self.passages)} of the passages of 13 words (8 of a row "
                "below 26 words, at least four); any warns",
                f"规范形式相同，或至少 {percent(self.passages)} 的 13 词片段（少于 26 词的行用 8 词，至少四个）出现；出现即警告",
            )
            yield RowFinding("known_test_rows", "warn", what, count, known.rows, rule=rule, effort=REVIEW)
