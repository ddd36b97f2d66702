"""Two runs on the same test rows, rung by rung: what a change of rows, model or settings was worth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taskfit.app.report import FACTS, rows_of, task_of
from taskfit.core.errors import DataError
from taskfit.core.files import read_json
from taskfit.core.measurement import Comparison, ScoredPrediction
from taskfit.core.run import RunFolder
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.ladder.rung import read_rung
from taskfit.measure.metric import find_metric
from taskfit.measure.paired import compare, holm, prepare

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Compared:
    """One rung in both runs: the metric before and after, and the paired comparison on the rows of both."""

    rung: str
    before: float
    after: float
    comparison: Comparison


@dataclass(frozen=True)
class TwoRuns:
    """The rungs that both runs climbed, their number of common test rows, and what was left out of the comparison."""

    metric: str
    rows: int
    rungs: tuple[Compared, ...]
    remarks: tuple[Text, ...]

    @property
    def percent(self) -> bool:
        """Whether the metric is a share, shown in per cent."""
        values = [value for one in self.rungs for value in (one.before, one.after)]
        return not find_metric(self.metric).error and all(0 <= value <= 1 for value in values)


def compare_runs(before: Path, after: Path) -> TwoRuns:
    """Compare the rungs of two runs, `after` against `before`, by the primary metric, on the test rows of both.

    The p-values are corrected by Holm over the rungs. Raises DataError when a folder is no finished run, or when the
    two have no test row, no metric or no rung in common.
    """
    (task, one), (other_task, other) = _run(before), _run(after)
    if task.primary_metric != other_task.primary_metric:
        raise DataError(
            Text(
                f"one run is judged by {task.primary_metric}, the other by {other_task.primary_metric}",
                f"一个运行以 {task.primary_metric} 评判，另一个以 {other_task.primary_metric} 评判",
            ),
            where=str(after),
        )
    names = [name for name in one if name in other]
    if not names:
        raise DataError(Text("the two runs have no rung in common", "两个运行没有共同的方法"), where=str(after))
    pairs = {name: _common(one[name], other[name]) for name in names}
    if not all(rows for rows, _ in pairs.values()):
        raise DataError(
            Text("the two runs have no test row in common", "两个运行没有共同的测试行"),
            where=str(after),
            todo=Text("give both the same test file (rows.test)", "请为两者指定同一个测试文件（rows.test）"),
        )
    found = [_compared(name, *pairs[name], task=task) for name in names]
    corrected = holm([rung.comparison.p for rung in found])
    rungs = tuple(
        replace(rung, comparison=replace(rung.comparison, p_holm=p)) for rung, p in zip(found, corrected, strict=True)
    )
    rows = len({row.id for row in pairs[names[0]][0]})
    remarks = (*_left_rungs(one, other), *_left_rows(one[names[0]], other[names[0]], rows))
    return TwoRuns(task.primary_metric, rows, rungs, remarks)


def _run(folder: Path) -> tuple[Task, dict[str, Sequence[ScoredPrediction]]]:
    if not (folder / FACTS).is_file():
        raise DataError(
            Text("this is not the folder of a finished climb", "这不是已完成的 climb 运行目录"),
            where=str(folder),
            todo=Text("name a folder such as runs/reviews-0001", "请给出类似 runs/reviews-0001 的目录"),
        )
    task = task_of(read_json(folder / FACTS)["task"])
    return task, rows_of([read_rung(path) for path in RunFolder(folder).rungs()])


def _common(
    one: Sequence[ScoredPrediction], other: Sequence[ScoredPrediction]
) -> tuple[list[ScoredPrediction], list[ScoredPrediction]]:
    """Return the rows of both that ask the same and have the same right answer; under the seeds of both."""
    keys = set(map(_key, one)) & set(map(_key, other))
    return [row for row in one if _key(row) in keys], [row for row in other if _key(row) in keys]


def _key(row: ScoredPrediction) -> tuple[str, str, str, int]:
    return row.id, row.text, row.gold, row.seed


def _compared(name: str, one: list[ScoredPrediction], other: list[ScoredPrediction], *, task: Task) -> Compared:
    sides = prepare({BEFORE: one, AFTER: other}, find_metric(task.primary_metric), task.label_names)
    found = compare(one, other, metric=task.primary_metric, names=(BEFORE, AFTER), labels=task.label_names)
    return Compared(name, sides[0].value, sides[1].value, found)


def _left_rungs(one: dict[str, Sequence[ScoredPrediction]], other: dict[str, Sequence[ScoredPrediction]]) -> list[Text]:
    left = sorted(set(one) ^ set(other))
    names = ", ".join(left)
    return [Text(f"only one of the runs has: {names}", f"只在一个运行中出现：{names}")] if left else []


def _left_rows(one: Sequence[ScoredPrediction], other: Sequence[ScoredPrediction], rows: int) -> list[Text]:
    sizes = [len({row.id for row in side}) for side in (one, other)]
    if sizes == [rows, rows]:
        return []
    told = Text(
        f"{rows:,} test rows are in both runs, of {sizes[0]:,} and {sizes[1]:,}; only these are compared",
        f"两个运行共有 {rows:,} 行测试数据（各 {sizes[0]:,} 与 {sizes[1]:,} 行），仅比较这些行",
    )
    return [told]
