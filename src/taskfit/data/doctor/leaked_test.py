"""Test rows that stand in the training rows: exactly, nearly, or passage by passage."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, by_share, percent, threshold
from taskfit.data.finding import KEPT, STEP, RowFinding, Severity, Spot, spot
from taskfit.data.grams import common_in, without
from taskfit.data.hashed import hashed
from taskfit.data.near import SIMILAR, nearest
from taskfit.data.passages import standing_in
from taskfit.data.record import Record
from taskfit.data.said import said_by, said_in, words_of_all


@dataclass(frozen=True)
class Leak:
    """A training row that says what a test row says: where it stands, how similar it is, whether its answer differs."""

    row: Spot
    similar: float
    differs: bool = False


@dataclass(frozen=True)
class Leaks:
    """By number of the test row: the first training row that is equal, the most similar one, and the passages found."""

    exact: Mapping[int, Leak]
    near: Mapping[int, Leak]
    passages: NDArray[np.bool_]


@dataclass(frozen=True)
class LeakedTest(Check[Leaks]):
    """Test rows in the training rows."""

    title: ClassVar[Text] = Text("test rows in the training rows", "训练数据中的测试行")
    needs = ("test",)
    similar: float = threshold(
        0.8,
        "Jaccard similarity of character 5-grams from which a row is nearly a test row",
        "近似泄漏的 Jaccard 相似度下限",
    )
    passages: float = threshold(
        0.5, "share of a test row's 13-word passages in the training rows from which it is known",
        "测试行的 13 词片段有多大比例出现在训练数据中即视为泄漏",
    )  # fmt: skip
    most: float = threshold(
        0.01, "share of nearly leaked test rows above which this blocks", "近似泄漏的测试行超过此比例时阻止"
    )

    def map(self, chunk: Chunk, means: Means) -> Leaks:
        """Return which test rows stand in the chunk."""
        said, test = chunk.shared(said_in), said_by(means.test)
        exact: dict[int, Leak] = {}
        first = {key: row for row, key in reversed(list(enumerate(said.asked_keys.tolist())))}
        for number, key in enumerate(test.asked_keys.tolist()):
            if key in first:
                row = first[key]
                differs = bool(test.answer_keys[number] != said.answer_keys[row])
                exact[number] = Leak(spot(chunk.records[row]), 1.0, differs)
        common = common_in(test.asked_grams)
        best, how = nearest(without(test.asked_grams, common), without(said.asked_grams, common), similar=self.similar)
        near = {
            number: Leak(spot(chunk.records[best[number]]), float(how[number]))
            for number in np.flatnonzero(best >= 0).tolist()
        }
        wanted = hashed("", means.test).passages.hashes
        return Leaks(exact, near, standing_in(wanted, chunk.shared(words_of_all)))

    def merge(self, one: Leaks, other: Leaks) -> Leaks:
        """Return the first equal row, the most similar one, and all passages found."""
        near = {
            number: max((part[number] for part in (one.near, other.near) if number in part), key=_similar)
            for number in sorted({**one.near, **other.near})
        }
        return Leaks({**other.exact, **one.exact}, near, one.passages | other.passages)

    def finish(self, part: Leaks, whole: Whole) -> Iterator[RowFinding]:
        """Yield what leaked, by how."""
        test = whole.means.test
        count = len(test)
        if not test:
            return
        exact, near = dict(sorted(part.exact.items())), {n: one for n, one in part.near.items() if n not in part.exact}
        known = hashed("", test).seen(part.passages, self.passages).tolist()
        pieces = [number for number in known if number not in exact and number not in near]
        if exact:
            differ = sum(one.differs for one in exact.values())
            told = Text(
                f"stand in the training rows, {differ} of them with another answer",
                f"出现在训练数据中，其中 {differ} 行的答案不同",
            )
            rule = Text(
                "equal when case, width, marks and spaces are set aside; any blocks",
                "忽略大小写、全半角、标点与空格后相同；出现即阻止",
            )
            yield _finding("leaked_rows", "block", told, exact, test=test, rule=rule)
        if near:
            told = Text("stand nearly so in the training rows", "与训练数据近似重复")
            rule = Text(
                f"Jaccard similarity of character 5-grams at least {self.similar}; above {percent(self.most)} it blocks",
                f"字符 5-gram 的 Jaccard 相似度不低于 {self.similar}；超过 {percent(self.most)} 时阻止",
            )
            severity = by_share(len(near) / count, block=self.most)
            yield _finding("nearly_leaked_rows", severity, told, near, test=test, rule=rule)
        if pieces:
            told = Text("are known passage by passage", "的片段出现在训练数据中")
            rule = Text(
                f"at least {percent(self.passages)} of the passages of 13 words (8 of a row below 26 words, at least four; of Chinese "
                f"characters) stand somewhere in the training rows; above {percent(self.most)} it blocks",
                f"至少 {percent(self.passages)} 的 13 词片段（少于 26 词的行用 8 词，至少四个；中文按字）出现在训练数据中；"
                f"超过 {percent(self.most)} 时阻止",
            )
            severity = by_share(len(pieces) / count, block=self.most)
            yield _finding("leaked_passages", severity, told, dict.fromkeys(pieces), test=test, rule=rule)


def _finding(
    name: str, severity: Severity, told: Text, found: Mapping[int, Leak | None], *, test: Sequence[Record], rule: Text
) -> RowFinding:
    """Return a finding about test rows; shown are the training rows, each with its test row."""
    share = len(found) / len(test)
    what = Text(
        f"{len(found):,} of {len(test):,} test rows ({percent(share)}) {told.en}",
        f"{len(test):,} 行测试数据中有 {len(found):,} 行（{percent(share)}）{told.zh}",
    )
    shown = tuple(
        spot(test[number]) if leak is None else replace(leak.row, excerpt=f"{leak.row.excerpt} = {test[number].origin}")
        for number, leak in list(found.items())[:KEPT]
    )
    fix = {"drop_leaked": {"test": test[0].origin.file, "similar": SIMILAR}}
    return RowFinding(name, severity, what, len(found), shown, rule=rule, fix=fix, effort=STEP, share=share)


def _similar(leak: Leak) -> float:
    return leak.similar
