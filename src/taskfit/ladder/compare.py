"""All rungs against each other on the same rows: the comparisons a verdict uses, and the exploratory rest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from taskfit.core.measurement import Comparison, ScoredPrediction
from taskfit.core.task import Task
from taskfit.ladder.verdict import climbs, margin_at, worst_p
from taskfit.measure.metric import find_metric
from taskfit.measure.paired import Side, compare_sides, holm, prepare


def compare_rungs(
    rows_by_rung: Mapping[str, Sequence[ScoredPrediction]], task: Task, *, margin: float | None = None
) -> tuple[Comparison, ...]:
    """Compare every pair of rungs, given cheapest first (see `order_by_cost`), by the task's primary metric.

    Planned are the k - 1 comparisons a verdict rests on: each rung against the best cheaper one so far. They are
    corrected by Holm together; all other pairs are exploratory (`planned` False, `p_holm` = `p`). `margin` is the
    one of the limits, in points. Fewer than two rungs give no comparison.
    """
    if len(rows_by_rung) < 2:
        return ()
    metric = find_metric(task.primary_metric)
    sides = prepare(rows_by_rung, metric, task.label_names)
    pairs = {(old.name, new.name): compare_sides(old, new, metric) for old, new in combinations(sides, 2)}
    corrected = _planned(sides, pairs, margin)
    return tuple(
        replace(found, planned=pair in corrected, p_holm=corrected.get(pair, found.p)) for pair, found in pairs.items()
    )


def _planned(
    sides: Sequence[Side], pairs: Mapping[tuple[str, str], Comparison], margin: float | None
) -> dict[tuple[str, str], float]:
    """Return the pairs that the verdict rests on with their corrected p.

    Which pairs these are depends on where one climbs, and that on the corrected p: repeated until it settles.
    """
    corrected: dict[tuple[str, str], float] = {}
    for _ in sides:
        planned = _path(sides, pairs, margin, corrected)
        found = dict(zip(planned, holm([pairs[pair].p for pair in planned]), strict=True))
        if found == corrected:
            break
        corrected = found
    return corrected


def _path(
    sides: Sequence[Side],
    pairs: Mapping[tuple[str, str], Comparison],
    margin: float | None,
    corrected: Mapping[tuple[str, str], float],
) -> list[tuple[str, str]]:
    best = sides[0]
    planned = []
    for side in sides[1:]:
        pair = (best.name, side.name)
        planned.append(pair)
        p = corrected.get(pair, worst_p(pairs[pair].p, len(sides) - 1))
        if climbs(pairs[pair].difference, margin_at(margin, best.value)) and p <= 1 - pairs[pair].difference.level:
            best = side
    return planned
