"""Rows that a ladder answered wrong: why the rungs say so, for a review of their labels."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taskfit.core.errors import DataError
from taskfit.core.measurement import Measurement, ScoredPrediction
from taskfit.core.run import RunFolder
from taskfit.core.text import Text
from taskfit.data.normal import normal
from taskfit.data.record import Record
from taskfit.ladder.rung import read_rung
from taskfit.workshop.review import Reason, Reasons

RIGHT = 0.5
"""From this value on an answer counts as right; graded metrics lie in between."""


@dataclass(frozen=True)
class Answered:
    """The rungs of a run with their measurements and rows, the best first."""

    folder: Path
    rungs: tuple[tuple[Measurement, tuple[ScoredPrediction, ...]], ...]

    @property
    def best(self) -> tuple[Measurement, tuple[ScoredPrediction, ...]]:
        """The rung with the highest first metric."""
        return self.rungs[0]


def answered(folder: Path) -> Answered:
    """Return what the rungs of a run answered; raise DataError when the folder has no measured rung."""
    climbed = [read_rung(path) for path in RunFolder(folder).rungs()]
    found = [(one.measurement, one.rows) for one in climbed if one.measurement is not None and one.rows]
    if not found:
        raise DataError(
            Text("no rung has been measured here", "这里没有测量过的台阶"),
            where=str(folder),
            todo=Text("name the folder of a climb, such as runs/reviews-0001", "请给出 climb 的运行目录"),
        )
    found.sort(key=lambda one: -primary(one[0]))
    return Answered(folder, tuple(found))


def primary(measurement: Measurement) -> float:
    """Return the first metric of a rung."""
    return next((one.estimate for one in measurement.metrics.values()), 0.0)


def is_wrong(row: ScoredPrediction) -> bool:
    """Return whether an answer is wrong; one that could not be scored is."""
    return row.value is None or row.value < RIGHT


def wrongly_answered(records: Sequence[Record], run: Answered) -> Reasons:
    """Return the rows that rungs answered wrong; the more of them, and the more alike, the likelier is the label wrong.

    Rows are found by their id and text, else by their text alone.
    """
    by_text = {normal(one.prompt): one for one in records}
    by_id = {one.id: one for one in records}
    said: dict[str, list[ScoredPrediction]] = defaultdict(list)
    asked: Counter[str] = Counter()
    for _, rows in run.rungs:
        for row in rows:
            same = by_id.get(row.id)
            if same is None or normal(same.prompt) != normal(row.text):
                same = by_text.get(normal(row.text))
            if same is not None:
                asked[same.id] += 1
                if is_wrong(row):
                    said[same.id].append(row)
    return {name: [_reason(rows, asked[name], run)] for name, rows in said.items()}


def _reason(rows: Sequence[ScoredPrediction], asked: int, run: Answered) -> Reason:
    answers = Counter(row.answer for row in rows if row.answer is not None)
    likeliest, alike = answers.most_common(1)[0] if answers else (None, 0)
    trust = primary(run.best[0])
    what = Text(
        f"{len(rows)} of {asked} answers in {run.folder.name} are wrong: {_told(answers)}",
        f"{run.folder.name} 中 {asked} 个回答有 {len(rows)} 个错误：{_told(answers)}",
    )
    return Reason("run", what, 0.2 + 0.6 * max(0.0, min(1.0, trust)) * alike / asked, likeliest)


def _told(answers: Mapping[str, int]) -> str:
    return ", ".join(f"'{name[:40]}' {count}×" for name, count in Counter(answers).most_common(3))
