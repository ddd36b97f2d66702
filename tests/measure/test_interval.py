import time

import numpy as np
import pytest
from scipy.stats import binomtest

from taskfit.measure.interval import (
    bootstrap,
    grouped_sample,
    mean_sample,
    percentiles,
    resample_rows,
    resample_seeds,
    unbiased,
    wilson,
)
from taskfit.measure.metric import find_metric


@pytest.mark.parametrize(("successes", "rows"), [(0, 10), (10, 10), (1, 7), (80, 100), (1999, 2000)])
def test_wilson_equals_scipy(successes, rows):
    found, expected = wilson(successes, rows), binomtest(successes, rows).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.low <= found.estimate <= found.high


def test_wilson_without_rows_knows_nothing():
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_bootstrap_of_one_seed_agrees_with_the_textbook_standard_error():
    values = np.random.default_rng(0).random((1, 500))
    found = bootstrap(mean_sample(values))
    half = 1.96 * values.std() / np.sqrt(500)
    assert found.estimate == pytest.approx(values.mean())
    # The ends of 10,000 draws are known to about 3 % of the half width.
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.06 * half)


def test_bootstrap_is_the_same_each_time():
    values = np.random.default_rng(0).random((3, 50))
    assert bootstrap(mean_sample(values)) == bootstrap(mean_sample(values))


def test_bootstrap_draws_whole_groups():
    # 40 groups of 25 equal rows carry the information of 40 rows, not of 1,000.
    of_group = np.random.default_rng(1).integers(0, 2, 40).astype(float)
    groups = np.repeat(np.arange(40), 25)
    whole = bootstrap(mean_sample(of_group[groups][None], groups))
    forty = bootstrap(mean_sample(of_group[None]))
    assert (whole.low, whole.high) == pytest.approx((forty.low, forty.high), abs=1e-9)


def test_bootstrap_in_chunks_equals_the_plain_definition():
    values = np.random.default_rng(2).random((2, 30))
    drawn = resample_rows([mean_sample(values)], resamples=500, seed=7)[0]
    random = np.random.default_rng(7)
    places = random.integers(0, 30, size=(500, 30), dtype=np.int32)
    assert drawn == pytest.approx(np.stack([values[:, line].mean(axis=1) for line in places]))


def test_resampled_seeds_vary_as_much_as_the_mean_of_new_seeds_would():
    of_seed = np.array([0.70, 0.74, 0.81])
    draws = resample_seeds(np.tile(of_seed, (200_000, 1)), seed=0)
    assert draws.mean() == pytest.approx(of_seed.mean(), abs=1e-3)
    assert draws.std() == pytest.approx(of_seed.std(ddof=1) / np.sqrt(3), rel=0.01)


def test_2000_rows_under_3_seeds_take_less_than_a_second():
    sample = mean_sample(np.random.default_rng(0).integers(0, 2, (3, 2000)).astype(float))
    seconds = []
    for _ in range(3):
        start = time.process_time()
        bootstrap(sample)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 1.0


def test_percentiles_never_leave_out_the_estimate():
    found = percentiles(0.9, np.full(100, 0.5))
    assert (found.low, found.high) == (0.5, 0.9)


def coverage(draw, truth, times=400):
    hits = 0
    for seed in range(times):
        found = bootstrap(draw(np.random.default_rng(seed)), resamples=500, seed=seed)
        hits += found.low <= truth <= found.high
    return hits / times


# 200 to 400 simulations have a standard error of 1.1 to 1.5 points around 95 %: three of them.
LOWEST, HIGHEST = 0.905, 0.99


def test_two_way_bootstrap_covers_the_truth_with_crossed_rows_and_seeds():
    def draw(random):
        hard, seeds = random.normal(0, 1.2, 300), random.normal(0, 0.08, 3)
        chance = 1 / (1 + np.exp(-(1.0 + hard[None, :] + seeds[:, None])))
        return mean_sample((random.random((3, 300)) < chance).astype(float))

    random = np.random.default_rng(99)
    truth = (1 / (1 + np.exp(-(1.0 + random.normal(0, 1.2, 10**6) + random.normal(0, 0.08, 10**6))))).mean()
    assert LOWEST <= coverage(draw, truth) <= HIGHEST


def test_bootstrap_covers_the_truth_with_rows_in_groups():
    def draw(random):
        groups = np.repeat(np.arange(80), 4)
        chance = random.beta(4, 1, 80)[groups]
        return mean_sample((random.random(320) < chance)[None].astype(float), groups)

    assert LOWEST <= coverage(draw, 0.8) <= HIGHEST


def test_bootstrap_covers_the_truth_of_macro_f1_with_many_labels():
    metric, labels = find_metric("macro_f1"), [str(one) for one in range(40)]

    def rows(random, count):
        gold = random.integers(0, 40, count)
        answers = np.where(random.random(count) < 0.8, gold, random.integers(0, 40, count))
        return metric.parts([labels[one] for one in gold], [labels[one] for one in answers], labels)

    def draw(random):
        return grouped_sample(rows(random, 300)[None], None, metric.combine)

    truth = float(metric.combine(rows(np.random.default_rng(99), 200_000).sum(axis=0)))
    assert LOWEST <= coverage(draw, truth, times=200) <= HIGHEST


def test_draws_with_a_small_bias_are_left_alone():
    draws = np.random.default_rng(0).normal(0.0, 1.0, 1000)
    assert unbiased(draws, 0.1) is draws
    assert unbiased(draws, 1.0).mean() == pytest.approx(1.0 + (1.0 - draws.mean()))
