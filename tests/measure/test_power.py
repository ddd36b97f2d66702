import numpy as np
import pytest

from taskfit.core.errors import UsageError
from taskfit.measure import power as inner
from taskfit.measure.paired import mcnemar
from taskfit.measure.power import power, rows_needed, say_power, smallest_difference

# Simulated elsewhere with a few hundred runs a cell, so each is known to about 3 points.
TABLE = {
    (0.02, 0.10): (0.13, 0.32, 0.53, 0.81),
    (0.03, 0.12): (0.23, 0.51, 0.79, 0.97),
    (0.03, 0.20): (0.17, 0.32, 0.56, 0.86),
    (0.05, 0.15): (0.43, 0.83, 0.99, 1.0),
    (0.0, 0.15): (0.05, 0.06, 0.05, 0.04),
}


@pytest.mark.parametrize(("difference", "discordance"), TABLE)
def test_power_reproduces_the_simulated_table(difference, discordance):
    found = [power(rows, difference, discordance) for rows in (200, 500, 1000, 2000)]
    assert found == pytest.approx(TABLE[difference, discordance], abs=0.035)


@pytest.mark.parametrize(("rows", "difference", "discordance"), [(60, 0.15, 0.2), (300, 0.05, 0.12), (900, 0.03, 0.2)])
def test_power_equals_a_simulation(rows, difference, discordance):
    random = np.random.default_rng(0)
    differ = random.binomial(rows, discordance, 20_000)
    new = random.binomial(differ, 0.5 + difference / discordance / 2)
    found = np.mean([mcnemar(int(d - n), int(n)) <= 0.05 for d, n in zip(differ, new, strict=True)])
    # Standard error at most 0.35 points.
    assert power(rows, difference, discordance) == pytest.approx(found, abs=0.012)


@pytest.mark.parametrize(
    ("rows", "difference", "discordance"), [(2000, 0.02, 0.2), (2600, 0.03, 0.15), (4000, 0.01, 0.1)]
)
def test_the_approximation_takes_over_without_a_step(rows, difference, discordance):
    exact = inner._power_exact(rows, difference, discordance, 0.05)
    assert inner._power_normal(rows, difference, discordance, 0.05) == pytest.approx(exact, abs=0.01)


def test_power_is_symmetric_and_nothing_without_rows():
    assert power(300, 0.05, 0.15) == pytest.approx(power(300, -0.05, 0.15))
    assert power(0, 0.05) == 0.0
    assert power(500, 0.4, 0.1) > 0.999


def test_the_smallest_difference_is_found_with_80_percent():
    for rows in (50, 200, 1000, 20_000):
        found = smallest_difference(rows)
        assert found is not None
        assert power(rows, found) == pytest.approx(0.8, abs=0.01)


def test_more_rows_show_smaller_differences():
    found = [smallest_difference(rows) or 1.0 for rows in (20, 100, 500, 2000, 10_000, 100_000)]
    assert found == sorted(found, reverse=True)
    assert smallest_difference(4) is None


def test_the_rows_needed_have_the_power_and_one_row_less_does_not_have_much_less():
    for difference in (0.01, 0.02, 0.05, 0.2):
        rows = rows_needed(difference)
        assert power(rows, difference) >= 0.8
        assert power(int(rows * 0.9), difference) < 0.8


def test_rows_needed_refuses_no_difference():
    with pytest.raises(UsageError, match="must lie above 0"):
        rows_needed(0.0)


def test_one_sentence_tells_what_the_rows_can_show():
    assert say_power(500).en == (
        "With 500 test rows, two rungs that differ by 4.8 points or more are told apart in 80 % of runs (if they disagree on "
        "15 % of rows); 2 points would take about 2,941 rows."
    )
    assert say_power(500).zh == (
        "测试集有 500 行：若两个方法在 15% 的行上不一致，相差 4.8 个百分点以上时有 80% 的机会区分出来；"
        "要显示 2 个百分点的差异约需 2,941 行。"
    )
    assert "no difference between two rungs can be shown" in say_power(3).en
    assert "无法显示" in say_power(3).zh
