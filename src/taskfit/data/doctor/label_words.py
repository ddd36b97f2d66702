"""The words of the labels: one that begins another, labels that begin with one token, and slips of the pen."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, threshold
from taskfit.data.finding import REVIEW, STEP, RowFinding, quoted
from taskfit.data.label_tally import LabelTally, label_tally
from taskfit.data.labels import looks_like

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class LabelWords(Check[LabelTally]):
    """Labels that a model, or a reader, may take for one another."""

    title: ClassVar[Text] = Text("the words of the labels", "标签用词")
    similar: float = threshold(
        0.9, "similarity from which a rare label is held for a slip", "稀有标签视为笔误的相似度下限"
    )
    rare: float = threshold(
        0.1, "a label is rare when it has less than this share of the rows of the other", "相对另一标签的稀有比例"
    )

    def map(self, chunk: Chunk, means: Means) -> LabelTally:  # noqa: ARG002
        """Return the labels of the chunk."""
        return chunk.shared(label_tally)

    def merge(self, one: LabelTally, other: LabelTally) -> LabelTally:
        """Return the labels of both."""
        return one + other

    def finish(self, part: LabelTally, whole: Whole) -> Iterator[RowFinding]:
        """Yield labels that begin one another, that begin with one token, and likely slips."""
        if not part.is_closed or len(part.counts) < 2:
            return
        names = sorted(part.counts)
        yield from self._beginnings(part, names)
        if whole.means.pieces is not None:
            yield from self._tokens(part, names, whole)
        yield from self._slips(part, names)

    def _beginnings(self, part: LabelTally, names: list[str]) -> Iterator[RowFinding]:
        pairs = [(one, other) for one, other in pairwise(names) if other.startswith(one)]
        if not pairs:
            return
        shown = quoted([f"{one} < {other}" for one, other in pairs])
        what = Text(
            f"{len(pairs)} labels are the beginning of another: {shown.en}; scored without an end mark, the shorter always wins",
            f"{len(pairs)} 个标签是另一标签的开头：{shown.zh}；若打分时不含结束符，较短者总会胜出",
        )
        rule = Text("a label with which another label begins", "某标签是另一标签的前缀")
        yield RowFinding(
            "label_prefix", "warn", what, len(pairs), part.shown(one for one, _ in pairs), rule=rule, effort=REVIEW
        )

    def _tokens(self, part: LabelTally, names: list[str], whole: Whole) -> Iterator[RowFinding]:
        assert whole.means.pieces is not None
        first: dict[int, list[str]] = defaultdict(list)
        for name, ids in zip(names, whole.means.pieces(names), strict=True):
            first[ids[0] if len(ids) else -1].append(name)
        clash = [name for same in first.values() if len(same) > 1 for name in same]
        if not clash:
            return
        shown = quoted(clash)
        what = Text(
            f"{len(clash)} labels begin with the token of another: {shown.en}; whoever scores by the first token cannot tell "
            "them apart (taskfit scores whole labels)",
            f"{len(clash)} 个标签与其他标签的首个 token 相同：{shown.zh}；按首个 token 打分无法区分（taskfit 对完整标签打分）",
        )
        rule = Text("the first token of two labels is the same", "两个标签的首个 token 相同")
        yield RowFinding("label_first_token", "info", what, len(clash), part.shown(clash), rule=rule, effort=REVIEW)

    def _slips(self, part: LabelTally, names: list[str]) -> Iterator[RowFinding]:
        from rapidfuzz.distance import Indel

        slips: dict[str, object] = {}
        for one in names:
            for other in names:
                # Names that differ in a number differ on purpose.
                named = _NUMBER.findall(one) == _NUMBER.findall(other) and looks_like(one) != looks_like(other)
                rare = named and part.counts[one] < self.rare * part.counts[other]
                if rare and Indel.normalized_similarity(one.casefold(), other.casefold()) >= self.similar:
                    slips[one] = other
        if not slips:
            return
        shown = quoted([f"{one} → {other}" for one, other in slips.items()])
        rows = sum(part.counts[one] for one in slips)
        what = Text(
            f"{len(slips)} labels look like slips of the pen: {shown.en}", f"{len(slips)} 个标签疑似笔误：{shown.zh}"
        )
        rule = Text(
            f"a label with less than {self.rare:.0%} of the rows of another, to which it is similar by at least {self.similar}",
            f"某标签行数不足另一标签的 {self.rare:.0%}，且两者相似度不低于 {self.similar}",
        )
        fix = {"merge_labels": {"names": slips}}
        yield RowFinding(
            "label_slips", "warn", what, len(slips), part.shown(slips), rule=rule, fix=fix, effort=STEP, rows=rows
        )
