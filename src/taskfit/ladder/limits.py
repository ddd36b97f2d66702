"""What the user allows a rung to cost, to weigh, to take and to forget; and what a rung costs in all."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from taskfit.core.measurement import Cost, Measurement
from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text

Ruler = Literal["money", "flops", "seconds"]


class Limits(Settings):
    """When a rung is worth its cost."""

    about: ClassVar[Text] = Text("when a dearer rung is worth its cost", "更贵的方法在何时值得采用")

    margin: float | None = setting(
        None,
        "gain in points that a dearer rung must reach; by default 2 points or 10 % of the remaining error, "
        "whichever is more",
        "更贵的方法至少要提升的百分点；默认取 2 个百分点与剩余错误的 10% 中较大者",
        ge=0,
        le=100,
    )
    volume: int = setting(
        100_000,
        "number of requests over which the cost of adapting is spread",
        "用于分摊适配成本的请求总数",
        ge=1,
    )
    max_latency_p95_ms: float | None = setting(
        None,
        "95 % of single requests must be answered within this many milliseconds",
        "95% 的单个请求须在此毫秒数内完成",
        gt=0,
    )
    max_bytes: int | None = setting(None, "most memory a rung may use, in bytes", "方法可使用的最大内存（字节）", gt=0)
    max_cost_per_1000: float | None = setting(
        None,
        "most money that 1,000 requests may cost, adapting included",
        "每 1,000 个请求的最高费用（含分摊的适配费用）",
        ge=0,
    )
    max_forgetting_points: float | None = setting(
        None,
        "points a rung may lose on questions of other tasks; by default it is shown and does not count",
        "其他任务上允许下降的百分点；默认只展示，不计入结论",
        ge=0,
        le=100,
    )
    max_forgetting_kl: float | None = setting(
        None,
        "how far, in nats per token, the model may drift from its base on the base's own text; by default it does not count",
        "在基座模型自己的文本上允许的偏移（每个词元的 KL，单位 nat）；默认不计入结论",
        ge=0,
    )


def margin_at(margin: float | None, quality: float) -> float:
    """Return the gain that counts, as a share: `margin` points, or max(2 points, 10 % of the remaining error)."""
    return max(0.02, 0.1 * (1 - quality)) if margin is None else margin / 100


def ruler_of(measurements: Sequence[Measurement]) -> Ruler:
    """Return what costs can be compared by: money when known for every rung, else FLOPs, else seconds."""
    costs = [one.cost for one in measurements]
    if all(cost.money_per_1000 is not None and cost.adapt_money is not None for cost in costs):
        return "money"
    return "flops" if all(cost.flops_per_answer > 0 for cost in costs) else "seconds"


def total_cost_per_1000(cost: Cost, volume: int, ruler: Ruler) -> float:
    """Return what 1,000 requests cost when adapting is spread over `volume` requests; unknown money counts 0."""
    if ruler == "money":
        return 1000 * (cost.adapt_money or 0.0) / volume + (cost.money_per_1000 or 0.0)
    if ruler == "flops":
        return 1000 * (cost.adapt_flops / volume + cost.flops_per_answer)
    return 1000 * (cost.adapt_seconds / volume + cost.seconds_per_answer)


def order_by_cost(measurements: Sequence[Measurement], limits: Limits) -> tuple[str, ...]:
    """Return the names of the rungs, cheapest first at the user's volume; ties by time, then by name."""
    ruler = ruler_of(measurements)

    def key(one: Measurement) -> tuple[float, float, str]:
        costs = total_cost_per_1000(one.cost, limits.volume, ruler)
        return costs, total_cost_per_1000(one.cost, limits.volume, "seconds"), one.rung

    return tuple(one.rung for one in sorted(measurements, key=key))


def broken_limit(one: Measurement, limits: Limits) -> Text | None:
    """Return the first limit that the rung breaks, or that cannot be checked; None when it holds all."""
    for found in (_latency(one, limits), _memory(one, limits), _money(one, limits), _forgetting(one, limits)):
        if found:
            return found
    return None


def _latency(one: Measurement, limits: Limits) -> Text | None:
    limit, found = limits.max_latency_p95_ms, one.cost.latency_p95_ms
    if limit is None:
        return None
    if found is None:
        return Text(
            f"{one.rung}: the latency limit cannot be checked, for latency was not measured.",
            f"{one.rung}：未测量延迟，无法检查延迟上限。",
        )
    if found <= limit:
        return None
    return Text(
        f"{one.rung}: p95 latency of {found:,.0f} ms is above the limit of {limit:,.0f} ms.",
        f"{one.rung}：p95 延迟 {found:,.0f} 毫秒，超过上限 {limit:,.0f} 毫秒。",
    )


def _memory(one: Measurement, limits: Limits) -> Text | None:
    limit, found = limits.max_bytes, one.cost.bytes_peak
    if limit is None:
        return None
    if not found:
        return Text(
            f"{one.rung}: the memory limit cannot be checked, for memory was not measured.",
            f"{one.rung}：未测量内存，无法检查内存上限。",
        )
    if found <= limit:
        return None
    return Text(
        f"{one.rung}: peak memory of {found / 1e6:,.0f} MB is above the limit of {limit / 1e6:,.0f} MB.",
        f"{one.rung}：内存峰值 {found / 1e6:,.0f} MB，超过上限 {limit / 1e6:,.0f} MB。",
    )


def _money(one: Measurement, limits: Limits) -> Text | None:
    limit, cost = limits.max_cost_per_1000, one.cost
    if limit is None:
        return None
    if cost.money_per_1000 is None or cost.adapt_money is None:
        return Text(
            f"{one.rung}: the cost limit cannot be checked without a price; give one in the settings.",
            f"{one.rung}：没有价格，无法检查费用上限；请在设置中给出价格。",
        )
    found = total_cost_per_1000(cost, limits.volume, "money")
    if found <= limit:
        return None
    return Text(
        f"{one.rung}: 1,000 requests cost {found:,.4g}, above the limit of {limit:,.4g}.",
        f"{one.rung}：每 1,000 个请求费用 {found:,.4g}，超过上限 {limit:,.4g}。",
    )


def _forgetting(one: Measurement, limits: Limits) -> Text | None:
    """Probes named `kl...` are nats per token; all others are changes in points (upper bound), negative = worse."""
    asked = (limits.max_forgetting_points, limits.max_forgetting_kl) != (None, None)
    if asked and one.forgotten is not None and one.forgotten.state == "unknown":
        return Text(
            f"{one.rung}: the limit of forgetting cannot be checked, for it could not be measured.",
            f"{one.rung}：无法测量遗忘，无法检查遗忘上限。",
        )
    for probe, found in sorted(one.forgetting.items()):
        if probe.startswith("kl"):
            if limits.max_forgetting_kl is not None and found > limits.max_forgetting_kl:
                return Text(
                    f"{one.rung}: drifts {found:.3f} nats per token ({probe}), over the {limits.max_forgetting_kl:.3f} allowed.",
                    f"{one.rung}：每个词元偏移 {found:.3f} nat（{probe}），超过允许的 {limits.max_forgetting_kl:.3f}。",
                )
        elif limits.max_forgetting_points is not None and found < -limits.max_forgetting_points:
            return Text(
                f"{one.rung}: forgets {-found:.1f} points ({probe}), over the {limits.max_forgetting_points:.1f} allowed.",
                f"{one.rung}：遗忘 {-found:.1f} 个百分点（{probe}），超过允许的 {limits.max_forgetting_points:.1f}。",
            )
    return None
