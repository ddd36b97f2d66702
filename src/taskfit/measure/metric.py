"""A metric, as statistics need it: parts of each row that add up, and what their totals come to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from taskfit.core.catalog import Catalog
from taskfit.core.errors import UsageError
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.measure.counts import Array, ratio

METRICS = Catalog("taskfit.measure.metrics", "metric")

Answers = Sequence[str | None]


@dataclass(frozen=True)
class Metric:
    """One file of `metrics/`.

    `parts` gives a [rows, F] array whose columns add up over rows; `combine` turns totals [..., F] into
    the metric [...]. So every metric can be resampled without looking at a row again. `error` says that lower is
    better: such a metric can be told, but not lead.
    """

    name: str
    about: Text
    graded: bool
    corpus: bool
    value: Callable[[str, str | None], float]
    compute: Callable[[Sequence[str], Answers, Sequence[str]], float]
    parts: Callable[[Sequence[str], Answers, Sequence[str]], Array]
    combine: Callable[[Array], Array]
    error: bool = False

    @property
    def binary(self) -> bool:
        """True when the metric is a mean of rows that are right or wrong."""
        return not (self.graded or self.corpus)


def find_metric(name: str) -> Metric:
    """Return the metric `name`; raise UsageError when there is none."""
    module = METRICS.module(name)
    corpus: bool = module.corpus
    return Metric(
        name,
        module.about,
        module.graded,
        corpus,
        value=_right if corpus else module.value,
        compute=module.compute,
        parts=module.parts if corpus else _row_parts(module.value),
        combine=module.combine if corpus else _mean,
        error="error" in vars(module) and module.error,
    )


def is_error(name: str) -> bool:
    """Return whether a metric is one of which less is better."""
    return METRICS.problem(name) is None and find_metric(name).error


def leading_metric(task: Task) -> Metric:
    """Return the metric that decides between rungs; raise UsageError when it is one of which less is better."""
    found = find_metric(task.primary_metric)
    if found.error:
        raise UsageError(
            Text(
                f"{found.name} is an error, of which less is better: it cannot be the metric that decides",
                f"{found.name} 是误差，越小越好，不能作为用于判定的指标",
            ),
            todo=Text(
                "put another first: metrics: [pearson, " + found.name + "]",
                "请把其他指标放在首位：metrics: [pearson, " + found.name + "]",
            ),
        )
    return found


def _right(gold: str, answer: str | None) -> float:
    return float(gold == answer)


def _row_parts(value: Callable[[str, str | None], float]) -> Callable[[Sequence[str], Answers, Sequence[str]], Array]:
    def parts(golds: Sequence[str], answers: Answers, labels: Sequence[str]) -> Array:
        del labels
        values = np.array([value(gold, answer) for gold, answer in zip(golds, answers, strict=True)], dtype=np.float64)
        return np.stack([values, np.ones(len(values))], axis=-1)

    return parts


def _mean(totals: Array) -> Array:
    return ratio(totals[..., 0], totals[..., 1])
