"""Scored predictions as a table: seeds x rows, checked to be complete, ready for statistics."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskfit.core.errors import DataError, Finding
from taskfit.core.measurement import ScoredPrediction
from taskfit.core.text import Text
from taskfit.measure.counts import Array
from taskfit.measure.metric import Metric


@dataclass(frozen=True)
class Table:
    """The rows of one rung: `answers[s][i]` is what seed s answered to row i.

    Rows stand in the order of their ids, so tables of the same rows can be laid side by side.
    """

    ids: tuple[str, ...]
    seeds: tuple[int, ...]
    golds: tuple[str, ...]
    groups: tuple[str | None, ...]
    answers: tuple[tuple[str | None, ...], ...]

    @property
    def grouped(self) -> bool:
        """True when some rows belong together, so that they are not independent."""
        return int(self.unit_sizes.max()) > 1

    @property
    def unit_of_row(self) -> NDArray[np.int64]:
        """For each row, the number of the group it belongs to; a row without a group is one by itself."""
        names = [
            f"g{group}" if group is not None else f"r{id}" for id, group in zip(self.ids, self.groups, strict=True)
        ]
        return np.unique(names, return_inverse=True)[1].astype(np.int64)

    @property
    def unit_sizes(self) -> NDArray[np.int64]:
        """The number of rows of each group."""
        return np.bincount(self.unit_of_row)

    def parts(self, metric: Metric, labels: Sequence[str]) -> Array:
        """Return what the metric adds up over rows: [seeds, rows, F]."""
        return np.stack([metric.parts(self.golds, answers, labels) for answers in self.answers])


def table_of(rows: Sequence[ScoredPrediction], rung: str = "") -> Table:
    """Return the table of `rows`; raise DataError unless every seed has every row exactly once."""
    if not rows:
        raise DataError(Text("there are no predictions to measure", "没有可供度量的预测"), where=rung)
    _refuse_doubled(rows, rung)
    by_seed: dict[int, dict[str, ScoredPrediction]] = {}
    for row in rows:
        by_seed.setdefault(row.seed, {})[row.id] = row
    seeds = tuple(sorted(by_seed))
    first = by_seed[seeds[0]]
    ids = tuple(sorted(first))
    _refuse_gaps(by_seed, rung)
    return Table(
        ids,
        seeds,
        tuple(first[id].gold for id in ids),
        tuple(first[id].group for id in ids),
        tuple(tuple(by_seed[seed][id].answer for id in ids) for seed in seeds),
    )


def refuse_unpaired(old: Table, new: Table, names: tuple[str, str]) -> None:
    """Raise DataError unless both tables hold the same rows with the same gold answers."""
    only_old, only_new = set(old.ids) - set(new.ids), set(new.ids) - set(old.ids)
    findings = []
    for name, missing in ((names[1], only_old), (names[0], only_new)):
        if missing:
            some = ", ".join(sorted(missing)[:3])
            findings.append(
                Finding(
                    name,
                    Text(
                        f"{len(missing)} rows have no prediction here, such as {some}",
                        f"{len(missing)} 行在此没有预测，例如 {some}",
                    ),
                    Text("compare rungs on the same rows", "请在相同的行上比较"),
                )
            )
    changed = sum(a != b for a, b in zip(old.golds, new.golds, strict=True)) if not findings else 0
    if changed:
        findings.append(
            Finding(
                " / ".join(names),
                Text(f"{changed} rows have different gold answers", f"{changed} 行的标准答案不一致"),
                Text("both must come from the same test split", "二者必须来自同一个测试集"),
            )
        )
    if findings:
        raise DataError(findings)


def _refuse_doubled(rows: Sequence[ScoredPrediction], rung: str) -> None:
    seen = Counter((row.seed, row.id) for row in rows)
    doubled = [id for (_, id), count in seen.items() if count > 1]
    if doubled:
        some = ", ".join(doubled[:3])
        raise DataError(
            Text(
                f"{len(doubled)} rows were predicted more than once under one seed, such as {some}",
                f"{len(doubled)} 行在同一随机种子下有多个预测，例如 {some}",
            ),
            where=rung,
            todo=Text("keep one prediction per row and seed", "每行每个种子只保留一个预测"),
        )


def _refuse_gaps(by_seed: dict[int, dict[str, ScoredPrediction]], rung: str) -> None:
    everything = set().union(*by_seed.values())
    findings = [
        Finding(
            rung,
            Text(
                f"{len(everything) - len(rows)} of {len(everything)} rows have no prediction under seed {seed}",
                f"种子 {seed} 缺少 {len(everything)} 行中的 {len(everything) - len(rows)} 行预测",
            ),
        )
        for seed, rows in sorted(by_seed.items())
        if len(rows) < len(everything)
    ]
    if findings:
        raise DataError(findings)
