"""Rows and splits are looked over before anything is trained on them; every finding says where and how many."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol, cast

from taskfit.core.catalog import Catalog
from taskfit.core.example import Example, Splits
from taskfit.core.text import Text
from taskfit.data.duplicates import duplicate_groups, key_of
from taskfit.data.finding import RowFinding, Rows, places, quoted
from taskfit.data.labels import is_closed
from taskfit.data.read import Reading

CHECKS = Catalog("taskfit.data.doctor", "check")
SEVERITIES = ("block", "warn", "info")
FEW_ROWS = 30
SMALL_TEST = 100


class Check(Protocol):
    """What every file of `data/doctor/` offers."""

    def check(self, rows: Rows) -> Iterator[RowFinding]:
        """Yield what is found in `rows`."""
        ...


def check_rows(rows: Reading | Rows) -> tuple[RowFinding, ...]:
    """Return all that the doctor finds in the rows of one file, the worst first."""
    looked_at = Rows(rows.examples, rows.listed, rows.facts)
    checks = [cast(Check, CHECKS.module(name)) for name in CHECKS.names()]
    return _worst_first(found for one in checks for found in one.check(looked_at))


def check_leakage(train: Sequence[Example], test: Sequence[Example]) -> tuple[RowFinding, ...]:
    """Return which test rows stand in the training rows too: exactly, nearly, with another label."""
    groups = duplicate_groups((*train, *test))
    trained = set(groups[: len(train)])
    labels: dict[str, set[str | None]] = {}
    for example in train:
        labels.setdefault(key_of(example), set()).add(example.target)
    exact = [example for example in test if key_of(example) in labels]
    other = [example for example in exact if example.target not in labels[key_of(example)]]
    same = set(map(id, exact))
    pairs = zip(groups[len(train) :], test, strict=True)
    near = [example for group, example in pairs if group in trained and id(example) not in same]
    found = (
        ("leaked_rows", exact, Text("test rows stand in the training rows", "行测试数据出现在训练数据中")),
        ("nearly_leaked_rows", near, Text("test rows stand nearly so in them", "行测试数据与训练数据几乎相同")),
        ("leaked_conflicts", other, Text("of these have another label there", "行在训练数据中的标签不同")),
    )
    return tuple(
        RowFinding(name, "warn", Text(f"{len(rows)} {what.en}", f"{len(rows)} {what.zh}"), len(rows), places(rows))
        for name, rows, what in found
        if rows
    )


def check_splits(splits: Splits, *, labelled: bool = True) -> tuple[RowFinding, ...]:
    """Return what is wrong between train, dev and test: leakage, labels that a side lacks, too few rows.

    `labelled` False says that targets are no labels, however often each occurs (numbers, lists of labels).
    """
    leaks = check_leakage((*splits.train, *splits.dev), splits.test)
    return _worst_first((*leaks, *_few(splits), *(_missing_labels(splits) if labelled else ())))


def _few(splits: Splits) -> Iterator[RowFinding]:
    total = len(splits.train) + len(splits.dev) + len(splits.test)
    if total < FEW_ROWS:
        what = Text(
            f"{total} rows in all: no comparison can be decided with so few; {FEW_ROWS} are the least",
            f"总共只有 {total} 行：这么少无法得出任何比较结论；至少需要 {FEW_ROWS} 行",
        )
        yield RowFinding("few_rows", "warn", what, total)
    elif len(splits.test) < SMALL_TEST:
        count = len(splits.test)
        what = Text(
            f"{count} test rows: differences below about {100 / max(1, count) ** 0.5:.0f} points cannot be seen",
            f"测试集只有 {count} 行：约 {100 / max(1, count) ** 0.5:.0f} 个百分点以下的差异看不出来",
        )
        yield RowFinding("small_test", "warn", what, count)


def _missing_labels(splits: Splits) -> Iterator[RowFinding]:
    if not is_closed([example.target or "" for example in (*splits.train, *splits.dev, *splits.test)]):
        return
    trained = Counter(example.target or "" for example in splits.train)
    tested = Counter(example.target or "" for example in splits.test)
    unseen = sorted(set(tested) - set(trained))
    if unseen:
        names = quoted(unseen)
        what = Text(
            f"labels of test that train does not have: {names.en}", f"测试集中有、训练集中没有的标签：{names.zh}"
        )
        rows = places(example for example in splits.test if example.target in unseen)
        yield RowFinding("labels_unseen", "block", what, len(unseen), rows)
    untested = sorted(set(trained) - set(tested))
    if untested:
        names = quoted(untested)
        what = Text(f"labels that test does not have: {names.en}", f"测试集中没有的标签：{names.zh}")
        yield RowFinding("labels_untested", "warn", what, len(untested))


def _worst_first(findings: Iterator[RowFinding] | Sequence[RowFinding]) -> tuple[RowFinding, ...]:
    return tuple(sorted(findings, key=lambda one: SEVERITIES.index(one.severity)))
