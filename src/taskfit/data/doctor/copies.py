"""Rows that stand more than once: exactly, nearly, as one template with other numbers; and what they do to a split."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, by_share, percent, threshold
from taskfit.data.finding import COLLECT, REVIEW, STEP, RowFinding
from taskfit.data.grams import Grams, Numbers, joined, telling
from taskfit.data.near import clusters, united
from taskfit.data.normal import Keys, keys_of
from taskfit.data.places import Places, joined_places, places_of
from taskfit.data.said import masked, said_in

NO_GROUP = np.uint64(0)


@dataclass(frozen=True)
class Piece:
    """Of some rows: where they stand, hashes of what they say, and the 5-grams of it."""

    places: Places
    asked: Keys
    answers: Keys
    masked: Keys
    groups: Keys
    labelled: NDArray[np.bool_]
    grams: Grams


@dataclass(frozen=True)
class Copies(Check[tuple[Piece, ...]]):
    """Exact copies, near copies, copies of a template, several answers to one question, groups that a split must keep."""

    title: ClassVar[Text] = Text("copies", "重复")
    similar: float = threshold(
        0.8,
        "Jaccard similarity of character 5-grams from which rows are near copies",
        "近似重复的 5-gram Jaccard 相似度下限",
    )
    near: float = threshold(0.05, "share of near copies above which they warn", "近似重复行超过此比例时警告")
    template: float = threshold(
        0.1, "share of rows of one template above which they warn", "仅数字不同的行超过此比例时警告"
    )
    answers: int = threshold(
        5, "different answers to one question from which it is told", "同一问题的不同答案达到此数时提示"
    )
    alike: float = threshold(
        0.9,
        "similarity from which near copies with different labels conflict",
        "标签不同的近似重复行视为矛盾的相似度下限",
    )
    group: float = threshold(
        0.05, "share of the largest group above which a split must keep groups", "最大组的比例上限"
    )
    torn: float = threshold(
        0.01, "share of test rows with a copy in train after a random split, above which it warns",
        "随机划分后测试行在训练集中有副本的比例上限",
    )  # fmt: skip

    def map(self, chunk: Chunk, means: Means) -> tuple[Piece, ...]:  # noqa: ARG002
        """Return what the rows say, as hashes."""
        said = chunk.shared(said_in)
        groups = [record.group or "" for record in chunk.records]
        filled = [masked(f"{one}\x1e{answer}") for one, answer in zip(said.asked, said.answers, strict=True)]
        named = np.where([bool(one) for one in groups], keys_of(groups), NO_GROUP)
        piece = Piece(
            places_of(chunk.records),
            said.asked_keys,
            said.answer_keys,
            keys_of(filled),
            named.astype(np.uint64),
            said.labelled,
            said.grams,
        )
        return (piece,)

    def merge(self, one: tuple[Piece, ...], other: tuple[Piece, ...]) -> tuple[Piece, ...]:
        """Return the pieces of both."""
        return (*one, *other)

    def finish(self, part: tuple[Piece, ...], whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield the kinds of copies, each with its clusters."""
        rows = _one(part)
        if not len(rows.asked):
            return
        first = firsts(rows.asked * np.uint64(0x9E3779B97F4A7C15) ^ rows.answers)
        # Only one row of each set of exact copies is compared with the others.
        grams = telling(rows.grams.only(first == np.arange(len(first))))
        near = united(clusters(grams, similar=self.similar, threads=2), np.arange(len(first)), first)
        yield from self._exact(rows, first)
        yield from self._several(rows)
        yield from self._near(rows, first, near)
        yield from self._templates(rows, first)
        yield from self._conflicts(rows, grams)
        yield from self._split(rows, near)

    def _exact(self, rows: Piece, first: Numbers) -> Iterator[RowFinding]:
        again = np.flatnonzero(first != np.arange(len(first)))
        if not len(again):
            return
        asked = int((firsts(rows.asked) != np.arange(len(first))).sum())
        what = Text(
            f"{len(again):,} rows say exactly what an earlier row says, answer included ({asked:,} ask what one asks)",
            f"{len(again):,} 行与前面的某行完全相同，含答案（{asked:,} 行的问题相同）",
        )
        rule = Text(
            "equal question and answer when case, width, marks and spaces are set aside (NFKC, case folding)",
            "忽略大小写、全半角、标点与空格（NFKC、casefold）后问题与答案都相同",
        )
        spots = rows.places.spots(again)
        fix = {"drop_duplicates": {"similar": 1.0}}
        yield RowFinding("exact_copies", "warn", what, len(again), spots, rule=rule, fix=fix, effort=STEP)

    def _several(self, rows: Piece) -> Iterator[RowFinding]:
        open_ones = np.flatnonzero(~rows.labelled)
        order = open_ones[np.lexsort((rows.answers[open_ones], rows.asked[open_ones]))]
        asked, answers = rows.asked[order], rows.answers[order]
        new = np.ones(len(order), bool)
        new[1:] = (asked[1:] != asked[:-1]) | (answers[1:] != answers[:-1])
        question = np.cumsum(np.append(True, asked[1:] != asked[:-1])) - 1 if len(order) else np.zeros(0, np.int64)
        counts = np.bincount(question[new]) if len(order) else np.zeros(0, np.int64)
        several = int((counts > 1).sum())
        if not several:
            return
        most = int(counts.max())
        what = Text(
            f"{several:,} questions have more than one answer, one of them {most}; {int((counts >= self.answers).sum()):,} "
            f"have {self.answers} or more",
            f"{several:,} 个问题有多个不同答案（最多 {most} 个）；其中 {int((counts >= self.answers).sum()):,} 个达到 {self.answers} 个以上",
        )
        rule = Text(
            f"equal questions, different answers; from {self.answers} answers on one question weighs more than the others",
            f"问题相同而答案不同；一个问题的答案达到 {self.answers} 个时权重过大",
        )
        sizes = np.bincount(question)
        shown = order[np.isin(question, np.argsort(-counts, kind="stable")[:10]) & new]
        touched = int(sizes[counts > 1].sum())
        yield RowFinding(
            "several_answers", "info", what, several, rows.places.spots(shown), rule=rule, effort=REVIEW, rows=touched
        )

    def _near(self, rows: Piece, first: Numbers, near: Numbers) -> Iterator[RowFinding]:
        sizes = np.bincount(near[first == np.arange(len(first))], minlength=len(near))
        mates = np.flatnonzero((sizes[near] > 1) & (first == np.arange(len(first))))
        if not len(mates):
            return
        share = len(mates) / len(first)
        many = int((sizes > 1).sum())
        what = Text(
            f"{len(mates):,} rows are near copies of another row, in {many:,} clusters; the largest has {int(sizes.max()):,}",
            f"{len(mates):,} 行与其他行近似重复，共 {many:,} 簇，最大的簇有 {int(sizes.max()):,} 行",
        )
        rule = Text(
            f"Jaccard similarity of character 5-grams at least {self.similar} (question and answer; of labelled rows the "
            f"question), exact copies aside; above {percent(self.near)} of the rows it warns",
            f"字符 5-gram 的 Jaccard 相似度不低于 {self.similar}（问题与答案；带标签的行只看问题），不计完全重复；"
            f"超过 {percent(self.near)} 时警告",
        )
        shown = by_cluster(mates, near, sizes)
        fix = {"drop_duplicates": {"similar": self.similar}}
        severity = by_share(share, warn=self.near)
        yield RowFinding(
            "near_copies", severity, what, len(mates), rows.places.spots(shown), rule=rule, fix=fix, effort=STEP
        )

    def _templates(self, rows: Piece, first: Numbers) -> Iterator[RowFinding]:
        lead = np.flatnonzero(first == np.arange(len(first)))
        template = firsts(rows.masked[lead])
        sizes = np.bincount(template, minlength=len(lead))
        mates = np.flatnonzero(sizes[template] > 1)
        if not len(mates):
            return
        share = len(mates) / len(first)
        many = int((sizes > 1).sum())
        what = Text(
            f"{len(mates):,} rows differ from another row only in numbers, dates or what stands in braces; "
            f"they come from {many:,} templates",
            f"{len(mates):,} 行与其他行只有数字、日期或括号内容不同，来自 {many:,} 个模板",
        )
        rule = Text(
            f"equal when numbers, dates and what stands in braces are masked; above {percent(self.template)} it warns",
            f"屏蔽数字、日期和花括号内容后相同；超过 {percent(self.template)} 时警告",
        )
        shown = lead[by_cluster(mates, template, sizes)]
        severity = by_share(share, warn=self.template)
        fix = {"cap_cluster": {"most": self.answers}}
        yield RowFinding(
            "number_copies", severity, what, len(mates), rows.places.spots(shown), rule=rule, fix=fix, effort=STEP
        )

    def _conflicts(self, rows: Piece, grams: Grams) -> Iterator[RowFinding]:
        if not rows.labelled.any():
            return
        labelled = grams.only(rows.labelled)
        near = clusters(labelled, similar=self.alike, threads=2)
        mates = np.flatnonzero(np.bincount(near, minlength=len(near))[near] > 1)
        pairs = np.unique(np.stack((near[mates].astype(np.uint64), rows.answers[mates])), axis=1)[0]
        torn = np.flatnonzero(np.bincount(pairs.astype(np.int64), minlength=len(near)) > 1)
        # Equal texts with different labels are told by the check on conflicts.
        members = mates[np.isin(near[mates], torn)]
        asked = np.unique(np.stack((near[members].astype(np.uint64), rows.asked[members])), axis=1)[0]
        torn = np.flatnonzero(np.bincount(asked.astype(np.int64), minlength=len(near)) > 1)
        members = members[np.isin(near[members], torn)]
        if not len(members):
            return
        what = Text(
            f"{len(members):,} near copies of one another have different labels, in {len(torn):,} clusters",
            f"{len(members):,} 行彼此近似重复而标签不同，共 {len(torn):,} 簇",
        )
        rule = Text(
            f"Jaccard similarity of character 5-grams at least {self.alike} and different labels; a small difference "
            "may be the one that matters, so look before you drop",
            f"字符 5-gram 的 Jaccard 相似度不低于 {self.alike} 而标签不同；细微差别也可能正是关键，请先人工查看",
        )
        shown = members[np.argsort(near[members], kind="stable")]
        yield RowFinding(
            "near_conflicts", "warn", what, len(members), rows.places.spots(shown), rule=rule, effort=REVIEW
        )

    def _split(self, rows: Piece, near: Numbers) -> Iterator[RowFinding]:
        named = np.flatnonzero(rows.groups != NO_GROUP)
        groups = united(near, named, named[firsts(rows.groups[named])])
        sizes = np.bincount(groups, minlength=len(groups))
        largest = int(sizes.max())
        # A test row is torn from its group when one of the others is in train (80 % of all rows).
        torn = float((1 - 0.2 ** (sizes[groups] - 1.0)).mean())
        if torn <= self.torn and largest <= max(2, self.group * len(groups)):
            return
        what = Text(
            f"a random split would leave {percent(torn)} of the test rows with a copy, or a row of their group, in train; "
            f"the largest group has {largest:,} rows",
            f"随机划分会使 {percent(torn)} 的测试行在训练集中有副本或同组的行；最大的组有 {largest:,} 行",
        )
        rule = Text(
            f"copies, near copies and rows of one group are one group; above {percent(self.torn)} of torn test rows, or "
            f"a group with more than {percent(self.group)} of the rows, a split must keep groups (taskfit's own splits do)",
            f"重复、近似重复与同组的行视为一组；被拆散的测试行超过 {percent(self.torn)}，或某组超过 {percent(self.group)} 的行，"
            "则必须按组划分（taskfit 自己的划分总是如此）",
        )
        members = np.flatnonzero(groups == int(sizes.argmax()))
        yield RowFinding(
            "group_split", "warn", what, int((sizes[groups] > 1).sum()), rows.places.spots(members), rule=rule,
            effort=COLLECT,
        )  # fmt: skip


def firsts(keys: Keys) -> Numbers:
    """Return for each key the place of the first equal one."""
    _, first, where = np.unique(keys, return_index=True, return_inverse=True)
    return first[where].astype(np.int64)


def by_cluster(members: Numbers, labels: Numbers, sizes: Numbers, each: int = 3) -> Numbers:
    """Return the first `each` members of every cluster, the largest cluster first."""
    order = members[np.lexsort((members, labels[members], -sizes[labels[members]]))]
    start = np.flatnonzero(np.append(True, labels[order][1:] != labels[order][:-1])) if len(order) else order
    rank = np.arange(len(order)) - np.repeat(start, np.diff(np.append(start, len(order))))
    return order[rank < each]


def _one(part: tuple[Piece, ...]) -> Piece:
    def together(name: str) -> NDArray[np.uint64]:
        found: list[NDArray[np.uint64]] = [vars(piece)[name] for piece in part]
        return np.concatenate(found) if found else np.zeros(0, np.uint64)

    return Piece(
        joined_places([piece.places for piece in part]),
        together("asked"),
        together("answers"),
        together("masked"),
        together("groups"),
        together("labelled").astype(bool),
        joined([piece.grams for piece in part]),
    )
