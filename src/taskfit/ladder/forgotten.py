"""What is said of a rung that forgets, or whose answers fell into a few."""

from collections.abc import Sequence

from taskfit.core.measurement import Collapse, Forgetting, Interval, Measurement, Probe
from taskfit.core.text import Text
from taskfit.measure.forgetting import FEATURES_LOST, KL_LOST, LOSS_LOST, SKILL_LOST, lost

NAMES = {
    "kl": Text("divergence on the base's own samples", "在基座自己的样本上的偏离"),
    "text.en": Text("English text", "英文文本"),
    "text.zh": Text("Chinese text", "中文文本"),
    "text.own": Text("your general text", "您的通用文本"),
    "skills": Text("questions of other tasks", "其他任务的问题"),
    "retained": Text("your retained tasks", "您要保留的任务"),
    "cosine": Text("features, cosine", "特征（余弦）"),
    "cka": Text("features, linear CKA", "特征（线性 CKA）"),
}
THRESHOLDS = Text(
    f"A rung forgets from {KL_LOST} nats per token of divergence or {LOSS_LOST} of loss on, from {100 * SKILL_LOST:.0f} "
    f"points of other tasks, or from {FEATURES_LOST} of similarity of features on, where that is beyond chance.",
    f"偏离或损失达到每词元 {KL_LOST} nat、其他任务下降 {100 * SKILL_LOST:.0f} 个百分点、或特征相似度下降 {FEATURES_LOST}，"
    "且超出随机波动时，视为发生遗忘。",
)

_LIMITS = Text(
    f"{KL_LOST} nats, {100 * SKILL_LOST:.0f} points or {FEATURES_LOST} of similarity",
    f" {KL_LOST} nat、{100 * SKILL_LOST:.0f} 个百分点或 {FEATURES_LOST} 相似度",
)


def probe_name(probe: Probe) -> Text:
    """Return what a probe is called."""
    return NAMES.get(probe.name) or Text(probe.name, probe.name)


def change_text(probe: Probe) -> Text:
    """Return the change that a probe found, with its unit."""
    if probe.kind == "skill":
        return Text(
            f"{_signed(100 * probe.change.estimate, 1)} points", f"{_signed(100 * probe.change.estimate, 1)} 个百分点"
        )
    if probe.kind == "features":
        return Text(f"{probe.adapted:.3f}", f"{probe.adapted:.3f}")
    return Text(f"{_signed(probe.change.estimate, 3)} nats/token", f"每词元 {_signed(probe.change.estimate, 3)} nat")


def interval_text(found: Interval, factor: float, digits: int) -> str:
    """Return `+0.120 [+0.080, +0.170]`."""
    middle, low, high = (_signed(factor * one, digits) for one in (found.estimate, found.low, found.high))
    return f"{middle} [{low}, {high}]"


def say_lost(rung: str, found: Forgetting | None) -> Text | None:
    """Return what a rung lost, where it counts; None when nothing does."""
    probes = lost(found)
    if not probes:
        return None
    parts = [(probe_name(one), change_text(one)) for one in probes]
    en = ", ".join(f"{name.en} {change.en}" for name, change in parts)
    zh = "，".join(f"{name.zh} {change.zh}" for name, change in parts)
    return Text(
        f"{rung}: forgets what its base could do: {en} (told from {_LIMITS.en} on).",
        f"{rung}：遗忘了基座原有的能力：{zh}（达到{_LIMITS.zh}即提示）。",
    )


def say_verdict_stands(rung: str, found: Forgetting | None) -> Text | None:
    """Return what the chosen rung forgets, and that the verdict does not rest on it; None when it forgets nothing."""
    said = say_lost(rung, found)
    if said is None:
        return None
    return Text(
        f"{said.en} The verdict is about the task alone; limits.max_forgetting_points and max_forgetting_kl make it count.",
        f"{said.zh}结论只看本任务；设置 limits.max_forgetting_points 或 max_forgetting_kl 可将遗忘计入。",
    )


def say_collapsed(rung: str, found: Collapse | None) -> Text | None:
    """Return that the answers of a rung fell into a few, with the numbers; None when they did not."""
    if found is None or not found.collapsed:
        return None
    one, gold = found.adapted, found.gold
    often, alike = f"{100 * one.most_frequent:.0f} %", f"{one.alike:.2f}"
    return Text(
        f"{rung}: its answers have collapsed: {one.different:,} different ones in {one.answers:,} (gold: "
        f"{gold.different:,} in {gold.answers:,}), the commonest {often} of all, mean likeness of two {alike} (gold: "
        f"{gold.alike:.2f}).",
        f"{rung}：回答出现坍缩：{one.answers:,} 个回答中只有 {one.different:,} 种（标准答案：{gold.answers:,} 个中 "
        f"{gold.different:,} 种），最常见的占 {often}，两两相似度均值 {alike}（标准答案：{gold.alike:.2f}）。",
    )


def say_unknown(rung: str, found: Forgetting | None) -> Text | None:
    """Return why it is not known what a rung forgot; None when it is, or was not asked."""
    if found is None or found.state != "unknown":
        return None
    en, zh = ("; ".join(one["en"] for one in found.notes), "；".join(one["zh"] for one in found.notes))
    return Text(f"{rung}: what it forgot could not be measured: {en}", f"{rung}：无法测量遗忘：{zh}")


def say_not_the_base(rung: str, found: Forgetting | None) -> Text | None:
    """Return that the base under or beside a rung is not what it was; None when it is, or was not checked."""
    if found is None or not found.identity_gap:
        return None
    gap = f"{found.identity_gap:.2g}"
    if found.identity == "base kept":
        return Text(
            f"{rung}: the base itself was changed (largest difference {gap})",
            f"{rung}：基座本身被改动（最大差异 {gap}）",
        )
    return Text(
        f"{rung}: with the adapter off it is not exactly the base (largest difference of an output {gap})",
        f"{rung}：关闭适配器后与基座不完全一致（输出最大差异 {gap}）",
    )


def warnings_of(one: Measurement) -> Sequence[Text]:
    """Return what a user must be told of a rung: what it forgot, that it collapsed, that its base is another."""
    said = (
        say_lost(one.rung, one.forgotten),
        say_collapsed(one.rung, one.collapse),
        say_not_the_base(one.rung, one.forgotten),
        say_unknown(one.rung, one.forgotten),
    )
    return [text for text in said if text is not None]


def _signed(value: float, digits: int) -> str:
    # Adding 0.0 turns -0.0 into 0.0.
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")
