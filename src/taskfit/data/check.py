"""Rows and splits are looked over before anything is trained on them; every finding says where and how many."""

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from taskfit.core.catalog import Catalog
from taskfit.core.errors import Finding, UsageError
from taskfit.core.example import Example, Splits
from taskfit.core.text import Text, did_you_mean
from taskfit.data.checking import Check, Means
from taskfit.data.duplicates import duplicate_groups, key_of
from taskfit.data.examine import Aside, chunks_of, conclude, examine
from taskfit.data.finding import RowFinding, Rows, quoted, spots, worst_first
from taskfit.data.labels import is_closed
from taskfit.data.read import Reading
from taskfit.data.record import record_of

CHECKS = Catalog("taskfit.data.doctor", "check")
BEFORE_TRAINING, IN_FULL = ("always", "quick"), ("always", "full")
FEW_ROWS = 30
SMALL_TEST = 100


def checks_of(
    runs: Collection[str] = IN_FULL, changes: Mapping[str, object] | None = None, *, only: Collection[str] = ()
) -> dict[str, Check[Any]]:
    """Return the checks that run on such an occasion, by name, with changed thresholds (`{"lengths.most": 9000}`).

    `only` names the checks that are wanted; empty means all. Raises UsageError for names that do not exist.
    """
    wrong = [problem for name in only if (problem := CHECKS.problem(name))]
    classes = {name: CHECKS.entry(name) for name in CHECKS.names() if not only or name in only}
    checks = {name: one() for name, one in classes.items() if one.runs in runs}  # type: ignore[attr-defined]
    for key, value in (changes or {}).items():
        name, _, field = key.partition(".")
        problem = CHECKS.problem(name) or _unknown(name, field)
        if problem:
            wrong.append(problem)
        elif name in checks:
            try:
                checks[name] = dataclasses.replace(checks[name], **{field: _as(value, checks[name], field)})
            except ValueError as problem_with_value:
                wrong.append(Finding(f"--set {key}", Text(str(problem_with_value), str(problem_with_value))))
    if wrong:
        raise UsageError(wrong)
    return checks


def check_rows(rows: Reading | Rows) -> tuple[RowFinding, ...]:
    """Return what the doctor finds before a training in the rows of one file, the worst first."""
    checks, means = checks_of(BEFORE_TRAINING), Means()
    seen = examine(chunks_of(map(record_of, rows.examples)), checks, means)
    return conclude(seen, checks, means, Aside(rows.listed, (rows.facts,) if rows.facts else ()))


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
        RowFinding(name, "warn", Text(f"{len(rows)} {what.en}", f"{len(rows)} {what.zh}"), len(rows), spots(rows))
        for name, rows, what in found
        if rows
    )


def check_splits(splits: Splits, *, labelled: bool = True) -> tuple[RowFinding, ...]:
    """Return what is wrong between train, dev and test: leakage, labels that a side lacks, too few rows.

    `labelled` False says that targets are no labels, however often each occurs (numbers, lists of labels).
    """
    leaks = check_leakage((*splits.train, *splits.dev), splits.test)
    return worst_first((*leaks, *_few(splits), *(_missing_labels(splits) if labelled else ())))


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
        rows = spots(example for example in splits.test if example.target in unseen)
        yield RowFinding("labels_unseen", "block", what, len(unseen), rows)
    untested = sorted(set(trained) - set(tested))
    if untested:
        names = quoted(untested)
        what = Text(f"labels that test does not have: {names.en}", f"测试集中没有的标签：{names.zh}")
        yield RowFinding("labels_untested", "warn", what, len(untested))


def _unknown(name: str, field: str) -> Finding | None:
    known = [one.name for one in dataclasses.fields(CHECKS.entry(name))]
    if field in known:
        return None
    listed = Text(f"known: {', '.join(known) or 'none'}", f"可用：{', '.join(known) or '无'}")
    what = Text(f"the check '{name}' has no threshold '{field}'", f"检查 '{name}' 没有阈值 '{field}'")
    return Finding(f"--set {name}.{field}", what, did_you_mean(field, known) or listed)


def _as(value: object, check: Check[Any], field: str) -> object:
    """Return a value of the command line in the type of the threshold; raise ValueError when it is none."""
    now = getattr(check, field)
    if isinstance(now, bool):
        if str(value).casefold() not in ("true", "false"):
            raise ValueError(f"{value!r}: true / false")
        return str(value).casefold() == "true"
    if isinstance(now, tuple):
        return tuple(part.strip() for part in str(value).split(",") if part.strip())
    return type(now)(str(value)) if isinstance(now, int | float) else str(value)
