"""The verdict: at which rung to stop, and why. A pure function of measurements, comparisons and limits."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist

from taskfit.core.errors import UsageError
from taskfit.core.measurement import Comparison, Interval, Measurement, Reason, Verdict
from taskfit.core.text import Text
from taskfit.ladder.forgotten import say_verdict_stands
from taskfit.ladder.limits import (
    Limits,
    Ruler,
    broken_limit,
    margin_at,
    order_by_cost,
    ruler_of,
    total_cost_per_1000,
)
from taskfit.ladder.sentences import Outcome, Step, say_cheapest, say_step, say_verdict, times

__all__ = ["Limits", "climbs", "decide", "margin_at", "order_by_cost", "total_cost_per_1000"]

POWER = 0.8


def climbs(difference: Interval, margin: float) -> bool:
    """Return whether a gain is shown (lower bound above 0) and large enough to count."""
    return difference.low > 0 and difference.estimate >= margin


def worst_p(p: float, comparisons: int) -> float:
    """Return p after Bonferroni's correction: for a comparison that was not among the planned ones."""
    return min(1.0, p * max(1, comparisons))


def decide(measurements: Sequence[Measurement], comparisons: Sequence[Comparison], limits: Limits) -> Verdict:
    """Return at which rung to stop.

    Rungs are taken cheapest first at the user's volume. One climbs to a dearer rung only when its gain is
    shown (lower bound above 0, p after Holm's correction within the level), reaches the margin, and the rung holds
    every limit. "undecided": the interval holds both no gain and one that counts; the cheaper rung wins meanwhile
    and `rows_needed` says how many more test rows would decide (with 80 % power). `stop_at` is "" when nothing
    was measured or no rung holds the limits. Raise UsageError when two rungs that must be compared were not.
    """
    by_name = {one.rung: one for one in measurements}
    if len(by_name) < len(measurements):
        raise UsageError(Text("two measurements have the same rung name", "有两个度量结果的方法名称相同"))
    order = [by_name[name] for name in order_by_cost(measurements, limits)]
    broken = {one.rung: broken_limit(one, limits) for one in order}
    usable = [one for one in order if broken[one.rung] is None]
    steps = _walk(usable, comparisons, limits, ruler_of(measurements))
    stop_at = _stop(usable, steps)
    told = {step.comparison.new: say_step(step) for step in steps}
    reasons = tuple(
        _reason(one.rung, broken[one.rung] or told.get(one.rung) or say_cheapest(one.rung)) for one in order
    )
    if stop_at and (said := say_verdict_stands(stop_at, by_name[stop_at].forgotten)):
        reasons += (_reason(stop_at, said),)
    after = [step for step in steps if step.comparison.old == stop_at]
    open_steps = [step for step in after if step.outcome == "undecided"]
    headline = max(open_steps or after, key=lambda step: step.comparison.difference.estimate, default=None)
    sentence = say_verdict(
        [one.rung for one in order], stop_at, headline, next((s for s in steps if s.comparison.new == stop_at), None)
    )
    return Verdict(
        "undecided" if open_steps else "stop",
        stop_at,
        sentence.en,
        sentence.zh,
        reasons,
        headline.more_rows if headline and open_steps else None,
        _pareto(order, limits),
    )


def _walk(usable: Sequence[Measurement], comparisons: Sequence[Comparison], limits: Limits, ruler: Ruler) -> list[Step]:
    pairs = {(one.old, one.new): one for one in comparisons}
    steps: list[Step] = []
    for candidate in usable[1:]:
        best = next(one for one in usable if one.rung == _stop(usable, steps))
        comparison = _between(pairs, best.rung, candidate.rung)
        margin = margin_at(limits.margin, _quality(best))
        ratio = times(*(total_cost_per_1000(one.cost, limits.volume, ruler) for one in (best, candidate)))
        outcome = _outcome(comparison, margin)
        more = _more_rows(comparison, margin, candidate.rows) if outcome == "undecided" else None
        steps.append(Step(comparison, outcome, margin, ratio, more))
    return steps


def _stop(usable: Sequence[Measurement], steps: Sequence[Step]) -> str:
    climbed = [step.comparison.new for step in steps if step.outcome == "climb"]
    return climbed[-1] if climbed else usable[0].rung if usable else ""


def _between(pairs: Mapping[tuple[str, str], Comparison], old: str, new: str) -> Comparison:
    if (old, new) in pairs:
        return _corrected(pairs[old, new], pairs)
    if (new, old) in pairs:
        return _corrected(_turned(pairs[new, old]), pairs)
    raise UsageError(
        Text(f"{old} and {new} have not been compared", f"{old} 与 {new} 尚未比较"),
        todo=Text("compare all rungs on the same rows first", "请先在相同的行上比较所有方法"),
    )


def _corrected(one: Comparison, pairs: Mapping[tuple[str, str], Comparison]) -> Comparison:
    """Return the comparison; one that was not planned (a limit changed the way) is corrected for all that were."""
    if one.planned:
        return one
    return replace(one, p_holm=worst_p(one.p, sum(other.planned for other in pairs.values())))


def _turned(one: Comparison) -> Comparison:
    found = one.difference
    difference = replace(found, estimate=-found.estimate, low=-found.high, high=-found.low)
    return replace(one, old=one.new, new=one.old, difference=difference, only_old=one.only_new, only_new=one.only_old)


def _outcome(comparison: Comparison, margin: float) -> Outcome:
    found = comparison.difference
    if found.estimate == 0 and comparison.only_old == comparison.only_new == 0:
        return "same"
    if climbs(found, margin):
        # The bare interval knows nothing of how many rungs were tried; Holm's p does.
        return "climb" if comparison.p_holm <= 1 - found.level else "undecided"
    if found.low > 0:
        return "small"
    return "undecided" if found.high >= margin else "none"


def _more_rows(comparison: Comparison, margin: float, rows: int) -> int | None:
    """Rows until the interval would leave out 0 or the margin, were the true difference the one found."""
    found = comparison.difference
    distance = found.estimate if found.estimate >= margin else max(margin - found.estimate, found.estimate)
    # A hundredth of a point or less: no number of rows worth naming would decide.
    if distance < 1e-4:
        return None
    normal = NormalDist()
    tests = max(1.0, comparison.p_holm / comparison.p) if comparison.p > 0 else 1.0
    plain, strict = normal.inv_cdf(0.5 + found.level / 2), normal.inv_cdf(1 - (1 - found.level) / (2 * tests))
    reach = (found.high - found.low) / 2 * (strict + normal.inv_cdf(POWER)) / plain
    more = max(1.0, rows * (reach / distance) ** 2 - rows)
    unit = int(10 ** max(0, math.floor(math.log10(more)) - 1))
    return math.ceil(more / unit) * unit


def _pareto(order: Sequence[Measurement], limits: Limits) -> tuple[str, ...]:
    """The rungs that no other one beats in both quality and cost, cheapest first."""
    ruler = ruler_of(order)
    points = [(total_cost_per_1000(one.cost, limits.volume, ruler), -_quality(one)) for one in order]
    return tuple(
        one.rung
        for one, (cost, loss) in zip(order, points, strict=True)
        if not any(c <= cost and q <= loss and (c, q) != (cost, loss) for c, q in points)
    )


def _quality(one: Measurement) -> float:
    return next(iter(one.metrics.values())).estimate


def _reason(rung: str, text: Text) -> Reason:
    return Reason(rung, text.en, text.zh)
