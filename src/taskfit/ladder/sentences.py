"""What the verdict says, as whole sentences in both languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from taskfit.core.measurement import Comparison, Interval
from taskfit.core.text import Text

Outcome = Literal["climb", "same", "undecided", "small", "none"]


@dataclass(frozen=True)
class Step:
    """One rung held against the best cheaper one: what came of it, and how many more rows would tell."""

    comparison: Comparison
    outcome: Outcome
    margin: float
    times: str
    more_rows: int | None = None


def times(old: float, new: float) -> str:
    """Return how many times `old` the cost `new` is, as words."""
    if old == new:
        return "1.0"
    return f"{new / old:,.1f}" if old > 0 else "∞"


def _points(share: float) -> float:
    # Adding 0.0 turns -0.0 into 0.0.
    return round(100 * share, 1) + 0.0


def _gain(found: Interval) -> str:
    numbers = f"{_points(found.estimate):+.1f} [{_points(found.low):+.1f}, {_points(found.high):+.1f}]"
    return numbers.replace("-", "−")


def say_cheapest(rung: str) -> Text:
    """Return why the first usable rung was taken."""
    return Text(
        f"{rung}: the cheapest rung that holds every limit; the others have to beat it.",
        f"{rung}：满足所有限制的最便宜方法，其余方法须胜过它。",
    )


def say_step(step: Step) -> Text:
    """Return what came of holding one rung against the best cheaper one."""
    one, margin = step.comparison, f"{100 * step.margin:.1f}"
    gain, old, new = _gain(one.difference), one.old, one.new
    counts = f"{one.only_new:,} : {one.only_old:,}"
    if step.outcome == "climb":
        return Text(
            f"{new}: {gain} points over {old} (rows only one has right, {counts}) at {step.times}x the cost; "
            f"the gain is shown and reaches the margin of {margin} points.",
            f"{new}：比 {old} 提升 {gain} 个百分点（仅一方答对的行数 {counts}），成本为 {step.times} 倍；"
            f"提升已得到证实，并达到 {margin} 个百分点的门槛。",
        )
    if step.outcome == "same":
        return Text(
            f"{new}: right and wrong on the same rows as {old}, at {step.times}x the cost; no difference shown.",
            f"{new}：与 {old} 对错的行完全相同，成本为 {step.times} 倍；未显示差异。",
        )
    if step.outcome == "small":
        return Text(
            f"{new}: {gain} points over {old} at {step.times}x the cost; the gain is real but below the margin of "
            f"{margin} points.",
            f"{new}：比 {old} 提升 {gain} 个百分点，成本为 {step.times} 倍；提升真实存在，但低于 {margin} 个百分点的门槛。",
        )
    if step.outcome == "none":
        return Text(
            f"{new}: {gain} points against {old} at {step.times}x the cost; a gain of {margin} points is ruled out.",
            f"{new}：与 {old} 相差 {gain} 个百分点，成本为 {step.times} 倍；可以排除 {margin} 个百分点的提升。",
        )
    return _undecided(step, gain, margin)


def _undecided(step: Step, gain: str, margin: str) -> Text:
    one = step.comparison
    if step.more_rows is None:
        return Text(
            f"{one.new}: {gain} points against {one.old} at {step.times}x the cost; undecided, so the cheaper rung wins.",
            f"{one.new}：与 {one.old} 相差 {gain} 个百分点，成本为 {step.times} 倍；尚无定论，暂取较便宜的方法。",
        )
    return Text(
        f"{one.new}: {gain} points against {one.old} at {step.times}x the cost; undecided between no gain and one of "
        f"{margin} points (p = {one.p_holm:.3f}); about {step.more_rows:,} more rows would decide.",
        f"{one.new}：与 {one.old} 相差 {gain} 个百分点，成本为 {step.times} 倍；无法区分没有提升与提升 {margin} 个百分点"
        f"（p = {one.p_holm:.3f}）；大约再有 {step.more_rows:,} 行即可判定。",
    )


def say_verdict(rungs: Sequence[str], stop: str, rejected: Step | None, reached: Step | None) -> Text:
    """Return the verdict in one sentence: where to stop, and the dearer rung not taken or the cheaper one beaten."""
    if not rungs:
        return Text("There is nothing to judge: no rung has been measured.", "没有可判断的内容：尚未度量任何方法。")
    if not stop:
        return Text("Stop nowhere: no rung holds every limit.", "没有可停之处：没有方法满足所有限制。")
    if rejected is not None:
        return _rejected(stop, rejected, reached)
    if reached is not None:
        over = _over(reached)
        return Text(f"Stop at {stop}: {over.en}.", f"停在 {stop}：{over.zh}。")
    if len(rungs) == 1:
        return Text(f"Stop at {stop}: it is the only rung measured.", f"停在 {stop}：它是唯一被度量的方法。")
    return Text(
        f"Stop at {stop}: it is the only rung that holds every limit.", f"停在 {stop}：它是唯一满足所有限制的方法。"
    )


def _over(reached: Step) -> Text:
    gain, old = _gain(reached.comparison.difference), reached.comparison.old
    return Text(
        f"{gain} points over {old} for {reached.times}x its cost",
        f"比 {old} 提升 {gain} 个百分点，成本为其 {reached.times} 倍",
    )


def _rejected(stop: str, step: Step, reached: Step | None) -> Text:
    gain, new = _gain(step.comparison.difference), step.comparison.new
    over = _over(reached) if reached else None
    won = Text(f"{over.en}; ", f"{over.zh}；") if over else Text("", "")
    if step.outcome == "same":
        return Text(
            f"Stop at {stop}: {won.en}no difference shown to {new}, which costs {step.times}x.",
            f"停在 {stop}：{won.zh}与 {new} 未显示差异，而后者成本为 {step.times} 倍。",
        )
    if step.outcome != "undecided":
        return Text(
            f"Stop at {stop}: {won.en}no dearer rung adds a gain that counts (best: {new}, {gain} points for "
            f"{step.times}x the cost).",
            f"停在 {stop}：{won.zh}更贵的方法都没有值得的提升（最好的是 {new}：{gain} 个百分点，成本为 {step.times} 倍）。",
        )
    meanwhile = Text(
        f"Undecided, stay at {stop} meanwhile: {won.en}{new} {gain} points for {step.times}x the cost",
        f"尚无定论，暂留在 {stop}：{won.zh}{new} 相差 {gain} 个百分点，成本为 {step.times} 倍",
    )
    if step.more_rows is None:
        return Text(f"{meanwhile.en}.", f"{meanwhile.zh}。")
    return Text(
        f"{meanwhile.en}; about {step.more_rows:,} more rows would decide.",
        f"{meanwhile.zh}；大约再有 {step.more_rows:,} 行即可判定。",
    )
