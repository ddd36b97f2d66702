import numpy as np
import pytest
from scipy.stats import binom, norm

from taskfit.core.errors import DataError, UsageError
from taskfit.core.measurement import ScoredPrediction
from taskfit.measure.interval import mean_sample, percentiles, resample_rows, resample_seeds
from taskfit.measure.paired import bootstrap_p, compare, difference_of_shares, holm, mcnemar


def scored(right, *, seed=0, groups=None):
    """Rows with the gold answer "y" that are answered right or wrong."""
    return [
        ScoredPrediction(
            f"r{i:05d}", "", "y", "y" if one else "n", float(one), seed, groups[i] if groups is not None else None
        )
        for i, one in enumerate(right)
    ]


def pairs(random, rows, *, gain=0.0, discordance=0.15):
    """Right or wrong of two rungs: 80 % base, correlated."""
    kind = random.random(rows)
    up, down = (discordance + gain) / 2, (discordance - gain) / 2
    both = random.random(rows) < 0.85
    old = np.where(kind < up, False, np.where(kind < up + down, True, both))
    new = np.where(kind < up, True, np.where(kind < up + down, False, both))
    return old, new


def test_mcnemar_equals_scipy_and_is_symmetric():
    for only_old in range(0, 40, 3):
        for only_new in range(0, 60, 7):
            rows, fewer = only_old + only_new, min(only_old, only_new)
            expected = 2 * binom.cdf(fewer, rows, 0.5) - binom.pmf(fewer, rows, 0.5) if rows else 1.0
            assert mcnemar(only_old, only_new) == pytest.approx(min(1.0, expected), abs=1e-12)
            assert mcnemar(only_old, only_new) == mcnemar(only_new, only_old)


def test_mcnemar_stays_exact_with_many_rows():
    expected = 2 * binom.cdf(9_800, 20_000, 0.5) - binom.pmf(9_800, 20_000, 0.5)
    assert mcnemar(9_800, 10_200) == pytest.approx(expected, rel=1e-6)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm([]) == []
    assert holm([0.7, 0.6]) == [1.0, 1.0]


def test_holm_keeps_the_chance_of_any_false_alarm_within_the_level():
    ps = np.random.default_rng(0).random((4000, 5))
    alarms = np.mean([min(holm(list(line))) <= 0.05 for line in ps])
    # Five independent nulls: 1 - 0.99 ** 5 = 4.9 %, standard error 0.35 points; uncorrected it would be 23 %.
    assert 0.035 < alarms < 0.062


def test_2000_nulls_of_mcnemar_keep_the_error_below_6_percent():
    random = np.random.default_rng(1)
    wrong = covered = 0
    for _ in range(2000):
        old, new = pairs(random, 300)
        only_old, only_new = int((old & ~new).sum()), int((new & ~old).sum())
        wrong += mcnemar(only_old, only_new) <= 0.05
        found = difference_of_shares(only_old, only_new, 300)
        covered += found.low <= 0 <= found.high
    assert 0.03 < wrong / 2000 <= 0.06
    assert covered / 2000 >= 0.94


def test_2000_nulls_of_the_paired_bootstrap_with_seeds_keep_the_error_below_6_percent():
    random = np.random.default_rng(2)
    wrong = missed = 0
    for trial in range(2000):
        hard = random.normal(1.5, 1.5, 150)
        # One seed against three, each seed with a luck of its own (0.1 in the logit, about 1.3 points).
        sides = [
            (
                random.random((seeds, 150)) < 1 / (1 + np.exp(-hard - random.normal(0, 0.1 * (seeds > 1), (seeds, 1))))
            ).astype(float)
            for seeds in (1, 3)
        ]
        drawn = resample_rows([mean_sample(one) for one in sides], resamples=400, seed=trial)
        draws = resample_seeds(drawn[1], seed=trial + 1) - resample_seeds(drawn[0], seed=trial + 2)
        found = percentiles(float(sides[1].mean() - sides[0].mean()), draws)
        wrong += bootstrap_p(draws) <= 0.05
        missed += not found.low <= 0 <= found.high
    assert wrong / 2000 <= 0.06
    assert missed / 2000 <= 0.06


@pytest.mark.parametrize(("gain", "discordance"), [(0.02, 0.10), (0.03, 0.12), (0.03, 0.20), (0.05, 0.15)])
def test_paired_power_is_at_least_unpaired_power(gain, discordance):
    random = np.random.default_rng(3)
    paired = unpaired = 0
    for _ in range(400):
        old, new = pairs(random, 500, gain=gain, discordance=discordance)
        paired += mcnemar(int((old & ~new).sum()), int((new & ~old).sum())) <= 0.05
        spread = np.sqrt((old.mean() * (1 - old.mean()) + new.mean() * (1 - new.mean())) / 500)
        unpaired += 2 * norm.sf(abs(new.mean() - old.mean()) / spread) <= 0.05
    assert paired >= unpaired


def test_compare_counts_the_rows_that_only_one_has_right():
    found = compare(scored([1, 1, 0, 0, 1]), scored([1, 0, 1, 1, 1]), metric="accuracy", planned=False)
    assert (found.only_old, found.only_new) == (1, 2)
    assert found.difference.estimate == pytest.approx(0.2)
    assert found.difference.low < 0.2 < found.difference.high
    assert found.p == found.p_holm == mcnemar(1, 2)
    assert not found.planned


def test_compare_turned_around_is_the_same_with_the_other_sign():
    random = np.random.default_rng(4)
    old, new = pairs(random, 200, gain=0.05)
    one = compare(scored(old), scored(new), metric="accuracy", planned=True)
    other = compare(scored(new), scored(old), metric="accuracy", planned=True)
    assert one.p == other.p
    assert (one.difference.low, one.difference.high) == pytest.approx((-other.difference.high, -other.difference.low))


def test_compare_of_several_seeds_is_about_their_mean():
    random = np.random.default_rng(5)
    old = scored(random.random(200) < 0.7)
    new = [row for seed in range(3) for row in scored(random.random(200) < 0.7, seed=seed)]
    found = compare(old, new, metric="accuracy", planned=True)
    mean = np.mean([row.value for row in new]) - np.mean([row.value for row in old])
    assert found.difference.estimate == pytest.approx(mean)
    # A majority of three independent seeds is right more often than each of them; that must not count as a gain.
    assert found.p > 0.05


def test_compare_keeps_groups_whole():
    right = np.random.default_rng(6).random(30) < 0.6
    groups = [str(i // 20) for i in range(600)]
    old, new = scored(np.zeros(600), groups=groups), scored(np.repeat(right, 20), groups=groups)
    loose = compare(scored(np.zeros(600)), scored(np.repeat(right, 20)), metric="accuracy", planned=True)
    whole = compare(old, new, metric="accuracy", planned=True)
    width, loose_width = (one.difference.high - one.difference.low for one in (whole, loose))
    assert width > 3 * loose_width


def test_compare_of_a_corpus_metric_uses_the_paired_bootstrap():
    random = np.random.default_rng(7)
    gold = random.choice(["a", "b", "c"], 150)
    rows = [
        [
            ScoredPrediction(str(i), "", str(g), str(g) if keep else "a", 1.0)
            for i, (g, keep) in enumerate(zip(gold, random.random(150) < share, strict=True))
        ]
        for share in (0.5, 0.9)
    ]
    found = compare(*rows, metric="macro_f1", planned=True, labels=("a", "b", "c"))
    assert found.difference.low > 0
    assert found.p < 0.01
    assert "bootstrap" in found.difference.how


def test_equal_rungs_show_no_difference_but_leave_room_for_one():
    rows = scored([1, 0] * 50)
    found = compare(rows, rows, metric="accuracy", planned=True)
    assert (found.difference.estimate, found.p, found.only_old, found.only_new) == (0.0, 1.0, 0, 0)
    assert found.difference.low < 0 < found.difference.high


def test_compare_refuses_rows_without_a_partner_and_names_how_many():
    with pytest.raises(DataError, match="2 rows have no prediction here"):
        compare(scored([1, 1, 0]), scored([1]), metric="accuracy", planned=True)
    with pytest.raises(DataError, match="new: 2 rows") as told:
        compare(scored([1, 1, 0]), scored([1]), metric="accuracy", planned=True)
    assert len(told.value.findings) == 1


def test_compare_refuses_doubled_rows_and_names_how_many():
    with pytest.raises(DataError, match="old: 2 rows were predicted more than once"):
        compare(scored([1, 0]) * 2, scored([1, 0]), metric="accuracy", planned=True)


def test_compare_refuses_seeds_with_missing_rows():
    rows = scored([1, 0, 1]) + scored([1, 0], seed=1)
    with pytest.raises(DataError, match="1 of 3 rows have no prediction under seed 1"):
        compare(rows, scored([1, 0, 1]), metric="accuracy", planned=True)


def test_compare_refuses_other_gold_answers_empty_rows_and_equal_names():
    other = [ScoredPrediction(row.id, "", "n", "n", 1.0) for row in scored([1, 0])]
    with pytest.raises(DataError, match="2 rows have different gold answers"):
        compare(scored([1, 0]), other, metric="accuracy", planned=True)
    with pytest.raises(DataError, match="no predictions"):
        compare([], [], metric="accuracy", planned=True)
    with pytest.raises(UsageError, match="cannot be compared with itself"):
        compare(other, other, metric="accuracy", planned=True, names=("a", "a"))


def test_the_interval_of_shares_covers_a_true_gain():
    random = np.random.default_rng(8)
    hits = 0
    for _ in range(1000):
        old, new = pairs(random, 100, gain=0.06, discordance=0.12)
        found = difference_of_shares(int((old & ~new).sum()), int((new & ~old).sum()), 100)
        hits += found.low <= 0.06 <= found.high
    # Standard error 0.7 points; the method is slightly conservative with few discordant rows.
    assert 0.93 <= hits / 1000 <= 0.98
