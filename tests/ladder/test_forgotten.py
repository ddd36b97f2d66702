"""What is said of a rung that forgets or collapses, and that the verdict stands."""

from dataclasses import replace

from ladder.report.samples import sample_report
from taskfit.core.measurement import Collapse, Forgetting, Interval, Measurement, Probe, Variety
from taskfit.ladder.forgotten import say_collapsed, say_lost, say_not_the_base, warnings_of
from taskfit.ladder.limits import Limits, broken_limit
from taskfit.ladder.verdict import decide

LOSS = Probe("text.zh", "loss", 1.0, 1.4, Interval(0.4, 0.3, 0.5), 900)
SKILL = Probe("skills", "skill", 0.9, 0.8, Interval(-0.1, -0.15, -0.05), 144)
LITTLE = Probe("text.en", "loss", 1.0, 1.05, Interval(0.05, 0.01, 0.09), 900)
LOST = Forgetting("measured", (LITTLE, LOSS, SKILL), "adapter off", 0.0)
FEW = Variety(64, 2, (0.1, 0.1, 0.1), 0.9, 0.95, 0.2)
MANY = Variety(64, 60, (0.9, 0.9, 0.9), 0.2, 0.05, 4.0)


def lora(**changed: object) -> Measurement:
    found = next(one for one in sample_report().measurements if one.rung == "lora")
    return replace(found, **changed)  # type: ignore[arg-type]


def test_a_rung_that_forgets_is_told_with_numbers_and_threshold() -> None:
    said = say_lost("lora", LOST)
    assert said is not None
    assert said.en == (
        "lora: forgets what its base could do: Chinese text +0.400 nats/token, questions of other tasks −10.0 points "
        "(told from 0.1 nats, 2 points or 0.1 of similarity on)."
    )
    assert said.zh.startswith("lora：遗忘了基座原有的能力：中文文本 每词元 +0.400 nat，其他任务的问题 −10.0 个百分点")
    assert say_lost("lora", replace(LOST, probes=(LITTLE,))) is None
    assert say_lost("lora", Forgetting("unchanged")) is None
    assert say_lost("lora", None) is None


def test_answers_that_collapsed_are_told() -> None:
    said = say_collapsed("lora", Collapse(FEW, MANY, MANY, collapsed=True))
    assert said is not None
    assert "2 different ones in 64 (gold: 60 in 64), the commonest 95 % of all" in said.en
    assert "只有 2 种" in said.zh
    assert say_collapsed("lora", Collapse(FEW, MANY, MANY, collapsed=False)) is None


def test_a_base_that_is_another_is_told() -> None:
    assert say_not_the_base("lora", LOST) is None
    off = say_not_the_base("lora", replace(LOST, identity_gap=0.25))
    assert off is not None
    assert "with the adapter off it is not exactly the base (largest difference of an output 0.25)" in off.en
    kept = say_not_the_base("full", replace(LOST, identity="base kept", identity_gap=0.25))
    assert kept is not None
    assert "the base itself was changed" in kept.en
    assert (
        len(warnings_of(lora(forgotten=replace(LOST, identity_gap=0.25), collapse=Collapse(FEW, MANY, None, True))))
        == 3
    )


def test_the_verdict_says_that_it_does_not_rest_on_it() -> None:
    plain, lost = (decide([lora(forgotten=found)], [], Limits()) for found in (Forgetting("unchanged"), LOST))
    assert (plain.stop_at, plain.en, plain.zh) == (lost.stop_at, lost.en, lost.zh)
    assert len(lost.reasons) == len(plain.reasons) + 1
    assert "The verdict is about the task alone" in lost.reasons[-1].en
    assert "结论只看本任务" in lost.reasons[-1].zh


def test_a_limit_makes_it_count() -> None:
    one = lora(forgotten=LOST, forgetting={"kl": 0.3, "skills": -5.0})
    assert broken_limit(one, Limits()) is None
    found = broken_limit(one, Limits(max_forgetting_points=3.0))
    assert found is not None
    assert "forgets 5.0 points (skills), over the 3.0 allowed" in found.en
    assert decide([one], [], Limits(max_forgetting_points=3.0)).stop_at == ""


def test_what_could_not_be_measured_is_told() -> None:
    unknown = Forgetting("unknown", notes=({"en": "no network", "zh": "没有网络"},))
    assert [one.en for one in warnings_of(lora(forgotten=unknown, collapse=None))] == [
        "lora: what it forgot could not be measured: no network"
    ]


def test_a_limit_that_cannot_be_checked_is_broken() -> None:
    unknown = lora(forgotten=Forgetting("unknown"), forgetting={})
    assert broken_limit(unknown, Limits()) is None
    found = broken_limit(unknown, Limits(max_forgetting_kl=1.0))
    assert found is not None
    assert "cannot be checked" in found.en
