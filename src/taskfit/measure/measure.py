"""From predictions to a Measurement: every metric with its interval, per class, confusion, calibration."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from taskfit.core.errors import DataError, Finding
from taskfit.core.example import Example
from taskfit.core.measurement import ClassScore, Confusion, Cost, Interval, Measurement, ScoredPrediction
from taskfit.core.prediction import Prediction, Story
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.measure.calibration import calibrate
from taskfit.measure.counts import class_scores, confusion, label_scores
from taskfit.measure.interval import (
    RESAMPLE_SEED,
    Sample,
    grouped_sample,
    how_of,
    percentiles,
    resample_rows,
    resample_seeds,
    unbiased,
    wilson,
)
from taskfit.measure.metric import Metric, find_metric, leading_metric
from taskfit.measure.table import Table, table_of


def score_rows(
    examples: Sequence[Example], predictions: Sequence[Prediction], task: Task, *, seed: int
) -> list[ScoredPrediction]:
    """Score one prediction per example, in the order of the examples.

    Raise DataError when a prediction is missing, doubled or of no example, and when a gold answer is missing
    or no label of the task. An answer that could not be read has the value None. A primary metric that is no
    mean of rows (macro_f1) gives rows the value 1.0 for right and 0.0 for wrong.
    """
    _refuse_mismatch(examples, predictions)
    _refuse_bad_gold(examples, task)
    metric = leading_metric(task)
    by_id = {prediction.id: prediction for prediction in predictions}
    return [_scored(example, by_id[example.id], metric, seed) for example in examples]


def measure(
    rung: str,
    rows: Sequence[ScoredPrediction],
    task: Task,
    *,
    method: str,
    settings: Mapping[str, object],
    story: Story,
) -> Measurement:
    """Measure one rung from its rows under all seeds; raise DataError unless each seed has each row once.

    Costs are not known here: put them in with `dataclasses.replace(measurement, cost=...)`.

    `unscored` counts rows without a readable answer under at least one seed. Confusion adds up all seeds.
    """
    table = table_of(rows, rung)
    metrics = [find_metric(name) for name in task.metrics]
    matrix = _confusion(table, task)
    return Measurement(
        rung,
        method,
        settings,
        table.seeds,
        rows=len(table.ids),
        unscored=len({row.id for row in rows if row.value is None}),
        metrics=intervals(table, metrics, task.label_names),
        seed_values=tuple(metrics[0].compute(table.golds, answers, task.label_names) for answers in table.answers),
        classes=_classes(matrix, table, task),
        confusion=matrix,
        calibration=calibrate(rows),
        cost=Cost(),
        trials=story.trials,
        curve=story.curve,
        prompt=rows[0].prompt,
        remarks=story.remarks,
    )


def intervals(table: Table, metrics: Sequence[Metric], labels: Sequence[str]) -> dict[str, Interval]:
    """Return the interval of each metric: Wilson where rows are right or wrong under one seed, else bootstrap."""
    samples = [grouped_sample(table.parts(one, labels), table.unit_of_row, one.combine) for one in metrics]
    found = {
        one.name: _wilson(sample) if one.binary and _plain(table, sample) else None
        for one, sample in zip(metrics, samples, strict=True)
    }
    left = [(one.name, sample) for one, sample in zip(metrics, samples, strict=True) if found[one.name] is None]
    drawn = resample_rows([sample for _, sample in left]) if left else []
    for (name, sample), values in zip(left, drawn, strict=True):
        estimate = float(sample.by_seed.mean())
        draws = unbiased(resample_seeds(values, seed=RESAMPLE_SEED + 1), estimate)
        found[name] = percentiles(estimate, draws, how=how_of(sample))
    # An error of no answers at all is undefined: it is left out, and `unscored` says why.
    return {
        name: interval
        for name, interval in found.items()
        if interval is not None and np.isfinite((interval.estimate, interval.low, interval.high)).all()
    }


def _plain(table: Table, sample: Sample) -> bool:
    """One seed and no groups; or all rows alike, of which a bootstrap would say that there is no doubt."""
    share = sample.totals[..., 0]
    return (len(table.seeds) == 1 and not table.grouped) or bool(
        np.all(share == 0) or np.all(share == sample.totals[..., 1])
    )


def _wilson(sample: Sample) -> Interval:
    totals = sample.totals.sum(axis=1).mean(axis=0)
    return wilson(float(totals[0]), round(float(totals[1])))


def _scored(example: Example, prediction: Prediction, metric: Metric, seed: int) -> ScoredPrediction:
    assert example.target is not None
    return ScoredPrediction(
        example.id,
        example.text,
        example.target,
        prediction.answer,
        None if prediction.answer is None else metric.value(example.target, prediction.answer),
        seed,
        example.group,
        prediction.scores,
        prediction.tokens_in,
        prediction.tokens_out,
        prediction.flops,
        prediction.seconds,
        prediction.evidence,
        prediction.prompt,
        prediction.problem,
    )


def _confusion(table: Table, task: Task) -> Confusion | None:
    if not task.closed:
        return None
    strange = sorted(set(table.golds) - set(task.label_names))
    if strange:
        todo = Text("measure with the task that the rows were made for", "请使用生成这些行时的任务")
        raise DataError(
            Text(
                f"gold answers that are no labels of the task: {', '.join(strange)}",
                f"标准答案不是任务的标签：{'、'.join(strange)}",
            ),
            todo=todo,
        )
    golds = table.golds * len(table.seeds)
    return confusion(golds, [answer for answers in table.answers for answer in answers], task.label_names)


def _classes(matrix: Confusion | None, table: Table, task: Task) -> tuple[ClassScore, ...]:
    seeds = len(table.seeds)
    if matrix is not None:
        return class_scores(matrix, seeds=seeds)
    if not task.labels:
        return ()
    answers = [answer for answers in table.answers for answer in answers]
    return label_scores(table.golds * seeds, answers, task.label_names, spans=task.kind == "tag", seeds=seeds)


def _refuse_mismatch(examples: Sequence[Example], predictions: Sequence[Prediction]) -> None:
    wanted, given = [one.id for one in examples], [one.id for one in predictions]
    cases = (
        (_doubled(wanted), "{n} examples have the id of another one, such as {id}", "{n} 个样本的 id 重复，例如 {id}"),
        (
            _doubled(given),
            "{n} examples were predicted more than once, such as {id}",
            "{n} 个样本有多个预测，例如 {id}",
        ),
        (
            sorted(set(wanted) - set(given)),
            "{n} examples have no prediction, such as {id}",
            "{n} 个样本没有预测，例如 {id}",
        ),
        (
            sorted(set(given) - set(wanted)),
            "{n} predictions are of no example, such as {id}",
            "{n} 个预测没有对应的样本，例如 {id}",
        ),
    )
    findings = [
        Finding("", Text(en.format(n=len(ids), id=ids[0]), zh.format(n=len(ids), id=ids[0])))
        for ids, en, zh in cases
        if ids
    ]
    if findings:
        raise DataError(findings)


def _doubled(ids: Sequence[str]) -> list[str]:
    return sorted(id for id, count in Counter(ids).items() if count > 1)


def _refuse_bad_gold(examples: Sequence[Example], task: Task) -> None:
    known = Text(f"use one of: {', '.join(task.label_names)}", f"请使用：{'、'.join(task.label_names)}")
    todo = known if task.labels else None
    findings = []
    for example in examples:
        if example.target is None:
            findings.append(
                Finding(str(example.origin), Text("there is no gold answer to score against", "没有标准答案"))
            )
        elif (what := task.why_no_target(example.target)) is not None:
            findings.append(Finding(str(example.origin), what, todo))
    if findings:
        raise DataError(findings)
