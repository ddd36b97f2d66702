"""Rebuild a report from what a run left on disk; no model is needed."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from taskfit.core.errors import DataError
from taskfit.core.files import read_json
from taskfit.core.measurement import Report, ScoredPrediction
from taskfit.core.run import RunFolder
from taskfit.core.task import Label, Task
from taskfit.core.text import Text
from taskfit.ladder.compare import compare_rungs
from taskfit.ladder.report.write import write_report
from taskfit.ladder.rung import Climbed, read_rung
from taskfit.ladder.verdict import Limits, decide, order_by_cost

FACTS, SETTINGS = "run.json", "settings.yaml"


def command_of(run: Path) -> str:
    """Return the command that continues a run, or repeats it."""
    return f"taskfit climb {shlex.quote((run / SETTINGS).as_posix())}"


def rebuild(folder: Path) -> Report:
    """Write the report of a run anew from its measurements and predictions, and return it."""
    facts_path = folder / FACTS
    if not facts_path.is_file():
        if (folder / SETTINGS).is_file():
            raise DataError(
                Text("this run is not finished, so it has no report yet", "该运行尚未完成，还没有报告"),
                where=str(folder),
                todo=Text(f"continue it: {command_of(folder)}", f"请继续：{command_of(folder)}"),
            )
        raise DataError(
            Text("this is not the folder of a run", "这不是一个运行目录"),
            where=str(folder),
            todo=Text("name a folder such as runs/reviews-0001", "请给出类似 runs/reviews-0001 的目录"),
        )
    facts = read_json(facts_path)
    climbed = [read_rung(path) for path in RunFolder(folder).rungs()]
    task = task_of(facts["task"])
    limits = Limits.read(facts["limits"])
    report = make_report(facts["run"], task, climbed, limits, facts["warnings"])
    write_report(report, rows_of(climbed), folder)
    return report


def rows_of(climbed: Sequence[Climbed]) -> dict[str, Sequence[ScoredPrediction]]:
    """Return the scored rows by rung."""
    return {one.measurement.rung: one.rows for one in climbed if one.measurement is not None}


def make_report(
    run: Mapping[str, Any],
    task: Task,
    climbed: Sequence[Climbed],
    limits: Limits,
    warnings: Sequence[Mapping[str, str]],
) -> Report:
    """Compare the rungs, decide, and return the report."""
    measurements = [one.measurement for one in climbed if one.measurement is not None]
    rows = rows_of(climbed)
    ordered = {name: rows[name] for name in order_by_cost(measurements, limits)}
    comparisons = compare_rungs(ordered, task, margin=limits.margin)
    return Report(
        run=run,
        task={
            "kind": task.kind,
            "instruction": task.instruction,
            "labels": [{"name": label.name, "word": label.word} for label in task.labels],
            "metrics": list(task.metrics),
            "max_answer_tokens": task.max_answer_tokens,
        },
        measurements=tuple(measurements),
        failed=tuple(one.failed for one in climbed if one.failed is not None),
        comparisons=comparisons,
        verdict=decide(measurements, comparisons, limits),
        warnings=tuple(warnings),
    )


def task_of(facts: Mapping[str, Any]) -> Task:
    """Return the task that a run wrote into its facts."""
    labels = tuple(Label(one["name"], one["word"]) for one in facts["labels"])
    return Task(facts["kind"], facts["instruction"], labels, tuple(facts["metrics"]), facts["max_answer_tokens"])
