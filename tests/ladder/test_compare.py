from itertools import combinations

import numpy as np
import pytest

from taskfit.core.errors import DataError
from taskfit.core.measurement import ScoredPrediction
from taskfit.core.task import Label, Task
from taskfit.ladder.compare import compare_rungs
from taskfit.ladder.verdict import climbs, margin_at
from taskfit.measure.paired import compare, holm

TASK = Task("classify", "", (Label("y", "y"), Label("n", "n")), ("accuracy",))


def rows_of(shares, *, rows=400, seeds=1):
    """Rows of rungs that are right on the easiest `share` of rows, but for a few."""
    random = np.random.default_rng(0)
    hard = random.random(rows)
    return {
        name: [
            ScoredPrediction(str(i), "", "y", "y" if right else "n", float(right), seed)
            for seed in range(seeds)
            for i, right in enumerate(hard * 0.8 + random.random(rows) * 0.2 < share)
        ]
        for name, share in shares.items()
    }


LADDER = {"zero_shot": 0.5, "few_shot": 0.6, "knn_shot": 0.61, "lora": 0.8}


def test_every_pair_is_compared_once_cheaper_first():
    found = compare_rungs(rows_of(LADDER), TASK)
    assert [(one.old, one.new) for one in found] == list(combinations(LADDER, 2))


def test_planned_are_the_steps_from_the_best_cheaper_rung_so_far():
    found = compare_rungs(rows_of(LADDER), TASK)
    planned = {(one.old, one.new) for one in found if one.planned}
    assert planned == {("zero_shot", "few_shot"), ("few_shot", "knn_shot"), ("few_shot", "lora")}


def test_a_larger_margin_plans_other_steps():
    found = compare_rungs(rows_of(LADDER), TASK, margin=25.0)
    assert {one.old for one in found if one.planned} == {"zero_shot"}


def test_holm_corrects_the_planned_ones_only():
    found = compare_rungs(rows_of(LADDER), TASK)
    planned = [one for one in found if one.planned]
    assert [one.p_holm for one in planned] == holm([one.p for one in planned])
    assert all(one.p_holm == one.p for one in found if not one.planned)


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_pair_among_many_is_what_compare_says_of_it_alone(seeds):
    rows = rows_of(LADDER, seeds=seeds)
    found = next(one for one in compare_rungs(rows, TASK) if (one.old, one.new) == ("zero_shot", "few_shot"))
    alone = compare(rows["zero_shot"], rows["few_shot"], metric="accuracy", planned=True)
    assert found.difference == alone.difference
    assert (found.p, found.only_old, found.only_new) == (alone.p, alone.only_old, alone.only_new)


def test_macro_f1_is_compared_by_the_paired_bootstrap():
    macro = Task("classify", "", TASK.labels, ("macro_f1",))
    found = compare_rungs(rows_of({"a": 0.5, "b": 0.8}), macro)
    assert found[0].difference.low > 0
    assert "bootstrap" in found[0].difference.how


@pytest.mark.parametrize("names", [[], ["zero_shot"]])
def test_fewer_than_two_rungs_give_no_comparison(names):
    assert compare_rungs(rows_of(dict.fromkeys(names, 0.5)), TASK) == ()


def test_rungs_with_other_rows_are_refused():
    rows = rows_of({"a": 0.5, "b": 0.6})
    with pytest.raises(DataError, match="b: 100 rows have no prediction here"):
        compare_rungs({"a": rows["a"], "b": rows["b"][:300]}, TASK)


@pytest.mark.parametrize("seed", range(12))
def test_a_verdict_rests_on_planned_comparisons_alone(seed):
    """A gain that the correction takes away is no step: what comes after must be held against the same rung."""
    random = np.random.default_rng(seed)
    shares = dict(zip("abcdef", 0.6 + 0.06 * random.random(6), strict=True))
    rows = {
        name: [ScoredPrediction(str(i), "", "y", "y" if hit else "n", float(hit)) for i, hit in enumerate(hits)]
        for name, hits in ((name, random.random(500) < share) for name, share in shares.items())
    }
    found = compare_rungs(rows, TASK)
    pairs = {(one.old, one.new): one for one in found}
    best = "a"
    for name in "bcdef":
        assert pairs[best, name].planned
        gain = pairs[best, name]
        if climbs(gain.difference, margin_at(None, np.mean([row.value for row in rows[best]]))) and gain.p_holm <= 0.05:
            best = name
    assert sum(one.planned for one in found) == 5
