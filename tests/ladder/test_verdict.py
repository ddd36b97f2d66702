from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.core.errors import UsageError
from taskfit.core.measurement import Comparison, Cost, Interval, Measurement
from taskfit.ladder.limits import broken_limit
from taskfit.ladder.verdict import Limits, decide, margin_at, order_by_cost, total_cost_per_1000
from taskfit.measure.paired import difference_of_shares
from taskfit.measure.power import rows_needed

LIMITS = Limits(margin=2.0)


def rung(name, quality, flops, **cost):
    return Measurement(
        name,
        name,
        {},
        (0,),
        500,
        0,
        {"accuracy": Interval(quality, quality - 0.03, quality + 0.03)},
        (quality,),
        (),
        None,
        None,
        Cost(flops_per_answer=flops, **cost),
    )


def step(old, new, points, low, high, *, p_holm=None, p=None):
    shown = p if p is not None else (0.01 if low > 0 or high < 0 else 0.3)
    difference = Interval(points / 100, low / 100, high / 100)
    return Comparison(old, new, difference, shown, p_holm if p_holm is not None else shown, 10, 10 + round(points * 5))


KNN, LORA, FULL = rung("knn_shot", 0.80, 1e9), rung("lora", 0.809, 3.1e9), rung("full", 0.81, 9e9)


def test_the_sentence_of_a_stop_in_both_languages():
    found = decide([KNN, LORA], [step("knn_shot", "lora", 0.9, -0.6, 1.8)], LIMITS)
    assert (found.kind, found.stop_at, found.rows_needed) == ("stop", "knn_shot", None)
    assert found.en == (
        "Stop at knn_shot: no dearer rung adds a gain that counts (best: lora, +0.9 [−0.6, +1.8] points for 3.1x the cost)."
    )
    assert found.zh == (
        "停在 knn_shot：更贵的方法都没有值得的提升（最好的是 lora：+0.9 [−0.6, +1.8] 个百分点，成本为 3.1 倍）。"
    )


def test_climbs_when_the_gain_is_shown_and_large_enough():
    found = decide([KNN, LORA], [step("knn_shot", "lora", 5.1, 3.0, 7.2)], LIMITS)
    assert (found.kind, found.stop_at) == ("stop", "lora")
    assert found.en == "Stop at lora: +5.1 [+3.0, +7.2] points over knn_shot for 3.1x its cost."
    assert found.zh == "停在 lora：比 knn_shot 提升 +5.1 [+3.0, +7.2] 个百分点，成本为其 3.1 倍。"


def test_undecided_names_the_rows_that_would_decide():
    found = decide([KNN, LORA], [step("knn_shot", "lora", 2.5, -0.5, 5.5)], LIMITS)
    assert (found.kind, found.stop_at) == ("undecided", "knn_shot")
    # (3.0 * (1.96 + 0.84) / 1.96 / 2.5) ** 2 * 500 rows - 500 rows = 971, rounded up to two digits.
    assert found.rows_needed == 980
    assert found.en == (
        "Undecided, stay at knn_shot meanwhile: lora +2.5 [−0.5, +5.5] points for 3.1x the cost; about 980 more rows would decide."
    )
    assert found.zh == (
        "尚无定论，暂留在 knn_shot：lora 相差 +2.5 [−0.5, +5.5] 个百分点，成本为 3.1 倍；大约再有 980 行即可判定。"
    )


def test_the_rows_that_would_decide_agree_with_the_power_of_the_test():
    # 2.4 points and 12 % discordant on 500 rows: not shown yet.
    interval = difference_of_shares(24, 36, 500)
    found = decide([KNN, LORA], [Comparison("knn_shot", "lora", interval, 0.12, 0.12, 24, 36)], LIMITS)
    expected = rows_needed(interval.estimate, 60 / 500) - 500
    assert found.rows_needed == pytest.approx(expected, rel=0.1)


def test_a_real_gain_below_the_margin_is_not_worth_it():
    found = decide([KNN, LORA], [step("knn_shot", "lora", 1.2, 0.4, 2.4)], LIMITS)
    assert (found.kind, found.stop_at) == ("stop", "knn_shot")
    assert "the gain is real but below the margin of 2.0 points" in found.reasons[1].en
    assert "低于 2.0 个百分点的门槛" in found.reasons[1].zh


def test_a_gain_that_holms_correction_does_not_leave_standing_is_undecided():
    found = decide([KNN, LORA], [step("knn_shot", "lora", 3.0, 0.1, 5.9, p=0.04, p_holm=0.12)], LIMITS)
    assert (found.kind, found.stop_at) == ("undecided", "knn_shot")
    assert found.rows_needed is not None


def test_a_worse_rung_is_told_as_one():
    found = decide([KNN, LORA], [step("knn_shot", "lora", -4.0, -6.0, -2.0)], LIMITS)
    assert found.stop_at == "knn_shot"
    assert "−4.0 [−6.0, −2.0]" in found.en


def test_rungs_that_answer_alike_show_no_difference():
    same = Comparison("knn_shot", "lora", Interval(0.0, -0.04, 0.04), 1.0, 1.0, 0, 0)
    found = decide([KNN, replace(LORA, metrics=KNN.metrics)], [same], LIMITS)
    assert (found.kind, found.stop_at) == ("stop", "knn_shot")
    assert found.en == "Stop at knn_shot: no difference shown to lora, which costs 3.1x."
    assert found.pareto == ("knn_shot",)


def test_no_measurement_and_one_measurement():
    nothing = decide([], [], LIMITS)
    assert (nothing.stop_at, nothing.reasons, nothing.pareto) == ("", (), ())
    assert nothing.en == "There is nothing to judge: no rung has been measured."
    one = decide([KNN], [], LIMITS)
    assert one.stop_at == "knn_shot"
    assert one.en == "Stop at knn_shot: it is the only rung measured."
    assert one.zh == "停在 knn_shot：它是唯一被度量的方法。"


def test_later_rungs_are_held_against_the_best_so_far():
    comparisons = [
        step("knn_shot", "lora", 5.0, 3.0, 7.0),
        step("lora", "full", 0.5, -0.9, 1.9),
        step("knn_shot", "full", 5.5, 3.0, 8.0),
    ]
    found = decide([KNN, LORA, FULL], comparisons, LIMITS)
    assert found.stop_at == "lora"
    assert [reason.rung for reason in found.reasons] == ["knn_shot", "lora", "full"]
    assert "full, +0.5 [−0.9, +1.9] points" in found.en


def test_an_undecided_rung_below_the_final_one_does_not_make_the_verdict_undecided():
    comparisons = [
        step("knn_shot", "lora", 2.5, -0.5, 5.5),
        step("knn_shot", "full", 6.0, 4.0, 8.0),
        step("lora", "full", 3.5, 1.0, 6.0),
    ]
    found = decide([KNN, LORA, FULL], comparisons, LIMITS)
    assert (found.kind, found.stop_at, found.rows_needed) == ("stop", "full", None)


@pytest.mark.parametrize(
    ("limits", "cost", "told"),
    [
        ({"max_latency_p95_ms": 500}, {"latency_p95_ms": 812.0}, "p95 latency of 812 ms is above the limit of 500 ms"),
        ({"max_latency_p95_ms": 500}, {}, "latency was not measured"),
        ({"max_bytes": 10**9}, {"bytes_peak": 3 * 10**9}, "peak memory of 3,000 MB is above the limit of 1,000 MB"),
        ({"max_bytes": 10**9}, {}, "memory was not measured"),
        (
            {"max_cost_per_1000": 1.0},
            {"money_per_1000": 0.5, "adapt_money": 100.0},
            "1,000 requests cost 1.5, above the limit of 1",
        ),
        ({"max_cost_per_1000": 1.0}, {"money_per_1000": 0.5}, "cannot be checked without a price"),
    ],
)
def test_a_rung_that_breaks_a_limit_is_not_taken(limits, cost, told):
    fine = {"latency_p95_ms": 100.0, "bytes_peak": 10**8, "money_per_1000": 0.1, "adapt_money": 0.0}
    base, better = rung("knn_shot", 0.8, 1e9, **fine), rung("lora", 0.9, 3e9, **cost)
    found = decide([base, better], [step("knn_shot", "lora", 10, 8, 12)], Limits(margin=2.0, **limits))
    assert found.stop_at == "knn_shot"
    assert told in found.reasons[-1].en + found.reasons[0].en
    assert found.en == "Stop at knn_shot: it is the only rung that holds every limit."


def test_when_no_rung_holds_the_limits_there_is_no_place_to_stop():
    found = decide([KNN, LORA], [], Limits(max_bytes=1))
    assert (found.kind, found.stop_at) == ("stop", "")
    assert found.en == "Stop nowhere: no rung holds every limit."
    assert len(found.reasons) == 2


@pytest.mark.parametrize(
    ("forgetting", "limits", "broken"),
    [
        ({"skills": -99.0}, {}, False),
        ({"skills": -1.9}, {"max_forgetting_points": 2.0}, False),
        ({"skills": -2.1}, {"max_forgetting_points": 2.0}, True),
        ({"skills": -2.1}, {"max_forgetting_points": 5.0}, False),
        ({"kl_own_text": 3.0}, {}, False),
        ({"kl_own_text": 3.0}, {"max_forgetting_kl": 1.0}, True),
    ],
)
def test_forgetting_has_a_budget(forgetting, limits, broken):
    assert (broken_limit(replace(KNN, forgetting=forgetting), Limits(**limits)) is not None) == broken


def test_the_margin_is_2_points_or_a_tenth_of_the_remaining_error():
    assert margin_at(None, 0.95) == pytest.approx(0.02)
    assert margin_at(None, 0.5) == pytest.approx(0.05)
    assert margin_at(1.0, 0.5) == pytest.approx(0.01)


def test_adapting_is_spread_over_the_users_volume():
    cost = Cost(adapt_flops=1e16, flops_per_answer=1e12, adapt_money=20.0, money_per_1000=0.5, adapt_seconds=100)
    assert total_cost_per_1000(cost, 100_000, "flops") == pytest.approx(1000 * 1.1e12)
    assert total_cost_per_1000(cost, 1000, "money") == pytest.approx(20.5)
    assert total_cost_per_1000(cost, 1000, "seconds") == pytest.approx(100)


def test_the_order_of_rungs_depends_on_the_volume():
    prompt, tuned = rung("few_shot", 0.8, 9e12), rung("lora", 0.8, 1e12, adapt_flops=1e16)
    # 7B, 8 demonstrations of 80 tokens against LoRA: even after about 1,250 requests.
    assert order_by_cost([tuned, prompt], Limits(volume=1000)) == ("few_shot", "lora")
    assert order_by_cost([tuned, prompt], Limits(volume=2000)) == ("lora", "few_shot")


def test_money_orders_rungs_only_when_it_is_known_for_all():
    paid, free = rung("a", 0.8, 1e9, money_per_1000=9.0, adapt_money=0.0), rung("b", 0.8, 2e9)
    assert order_by_cost([free, paid], Limits()) == ("a", "b")
    known = rung("b", 0.8, 2e9, money_per_1000=1.0, adapt_money=0.0)
    assert order_by_cost([known, paid], Limits()) == ("b", "a")


def test_a_comparison_the_other_way_round_is_turned():
    found = decide([KNN, LORA], [step("lora", "knn_shot", -5.0, -7.0, -3.0)], LIMITS)
    assert found.stop_at == "lora"
    assert "+5.0 [+3.0, +7.0]" in found.en


def test_rungs_that_were_not_compared_and_equal_names_are_refused():
    with pytest.raises(UsageError, match="knn_shot and lora have not been compared"):
        decide([KNN, LORA], [], LIMITS)
    with pytest.raises(UsageError, match="same rung name"):
        decide([KNN, KNN], [], LIMITS)


def test_the_pareto_set_leaves_out_rungs_beaten_in_both():
    worse = rung("head", 0.70, 5e9)
    comparisons = [step("knn_shot", name, -1, -3, 0.5) for name in ("lora", "head")] + [
        step("lora", "head", -1, -3, 0.5)
    ]
    assert decide([KNN, worse, LORA], comparisons, LIMITS).pareto == ("knn_shot", "lora")


NAMES = ("a", "b", "c", "d")


@st.composite
def ladders(draw):
    """Four rungs with any costs and any differences, consistent or not."""
    costs = draw(st.lists(st.sampled_from([1e9, 2e9, 3e9, 5e9]), min_size=4, max_size=4))
    rungs = [rung(name, draw(st.floats(0, 1)), cost) for name, cost in zip(NAMES, costs, strict=True)]
    comparisons = []
    for i, old in enumerate(NAMES):
        for new in NAMES[i + 1 :]:
            points, below, above = draw(st.floats(-20, 20)), draw(st.floats(0, 10)), draw(st.floats(0, 10))
            p = draw(st.floats(0.0001, 1))
            one = step(old, new, points, points - below, points + above, p=p)
            comparisons.append(replace(one, only_old=draw(st.integers(0, 9)), only_new=draw(st.integers(0, 9))))
    return rungs, comparisons


@settings(deadline=None)
@given(ladders(), st.sampled_from([None, 0.0, 2.0, 5.0]))
def test_never_recommends_a_dearer_rung_without_a_lower_bound_above_0(ladder, margin):
    rungs, comparisons = ladder
    limits = Limits(margin=margin)
    found = decide(rungs, comparisons, limits)
    cheapest = order_by_cost(rungs, limits)[0]
    if found.stop_at != cheapest:
        gains = [
            one.difference.low if one.new == found.stop_at else -one.difference.high
            for one in comparisons
            if found.stop_at in (one.old, one.new)
        ]
        assert max(gains) > 0


@settings(deadline=None)
@given(ladders())
def test_the_order_of_the_input_does_not_matter(ladder):
    rungs, comparisons = ladder
    expected = decide(rungs, comparisons, Limits())
    for order in list(permutations(rungs))[::5]:
        assert decide(order, comparisons[::-1], Limits()) == expected


@settings(deadline=None)
@given(ladders())
def test_every_rung_has_a_reason_and_undecided_verdicts_say_so(ladder):
    rungs, comparisons = ladder
    found = decide(rungs, comparisons, Limits())
    assert sorted(reason.rung for reason in found.reasons) == list(NAMES)
    assert all(reason.en and reason.zh for reason in found.reasons)
    assert found.stop_at in NAMES
    assert (found.kind == "undecided") == found.en.startswith("Undecided")
    assert found.rows_needed is None or found.rows_needed > 0


def test_every_limit_is_explained_in_both_languages():
    for key in Limits.model_fields:
        assert Limits.explain(key).en
        assert Limits.explain(key).zh
    with pytest.raises(UsageError, match="did you mean 'margin'"):
        Limits.read({"margn": 1})


def test_a_comparison_that_was_not_planned_is_corrected_for_all_that_were():
    rungs = [rung("a", 0.7, 1e9), rung("b", 0.75, 2e9), rung("c", 0.76, 3e9)]
    first = replace(step("a", "b", 5.0, 0.5, 9.5, p=0.03, p_holm=0.06), planned=True)
    other = replace(step("b", "c", 1.0, -3.0, 5.0, p=0.6, p_holm=0.6), planned=True)
    unplanned = replace(step("a", "c", 6.0, 0.6, 11.4, p=0.03, p_holm=0.03), planned=False)
    assert decide(rungs, [first, other, unplanned], Limits()).stop_at == "a"
