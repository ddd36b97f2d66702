import numpy as np
import pytest

from taskfit.core.errors import UsageError
from taskfit.measure.race import Race, race


def differences(random, gain, rows=1000, discordance=0.2):
    discordance = max(discordance, gain + 0.05)
    chances = [(discordance + gain) / 2, (discordance - gain) / 2, 1 - discordance]
    return random.choice([1.0, -1.0, 0.0], p=chances, size=rows)


def many(gain, times=200, rows=1000, discordance=0.2):
    random = np.random.default_rng(0)
    races = []
    for seed in range(times):
        values = differences(random, gain, rows, discordance)
        races.append(race(rows, lambda places, values=values: values[list(places)], margin=0.03, seed=seed))
    return races


def outcomes(values, margin):
    """The race written a second time, for many races at once: values are [races, rows]; looks after every 25."""
    bets = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7])[:, None, None]
    gain = np.exp(np.log(1 + bets * values).cumsum(axis=2)).mean(axis=0)[:, 24::25] >= 20
    against = np.exp(np.log(1 + bets / (1 + margin) * (margin - values)).cumsum(axis=2)).mean(axis=0)[:, 24::25] >= 20
    decided = gain | against
    first = decided.argmax(axis=1)
    line = np.arange(len(values))
    return np.where(~decided.any(axis=1), "open", np.where(gain[line, first], "climb", "stop"))


def test_the_race_equals_its_second_implementation():
    values = np.stack([differences(np.random.default_rng(seed), 0.04) for seed in range(30)])
    expected = outcomes(values, 0.03)
    for line, outcome in zip(values, expected, strict=True):
        state = Race(0.03)
        for start in range(0, 1000, 25):
            state = state.after(line[start : start + 25])
        assert state.outcome == outcome
    assert len(set(expected)) > 1


@pytest.mark.parametrize(("gain", "wrong"), [(0.0, "climb"), (0.03, "stop")])
def test_wrong_outcomes_of_2000_races_stay_rare_although_every_25_rows_are_looked_at(gain, wrong):
    random = np.random.default_rng(1)
    found = np.concatenate(
        [outcomes(differences(random, gain, rows=1000 * 500).reshape(500, 1000), 0.03) for _ in range(4)]
    )
    assert (found == wrong).mean() <= 0.06
    assert (found == wrong).any()


@pytest.mark.parametrize(("gain", "rows"), [(0.2, 75), (0.1, 178)])
def test_clear_gains_are_climbed_early(gain, rows):
    races = many(gain, times=100)
    assert sum(one.outcome == "climb" for one in races) >= 98
    # The figures of the simulation this race was designed with; 100 races know their mean to about 10 %.
    assert np.mean([len(one.differences) for one in races]) == pytest.approx(rows, rel=0.3)


def test_a_worse_rung_is_stopped_early():
    races = many(-0.05, times=100)
    assert sum(one.outcome == "stop" for one in races) >= 95
    assert np.mean([len(one.differences) for one in races]) < 350


def test_the_interval_holds_the_true_gain_at_every_stop():
    races = many(0.1, times=100)
    held = sum(one.interval.low <= 0.1 <= one.interval.high for one in races)
    assert held / 100 >= 0.9


def test_the_evidence_is_the_mean_of_the_bets_products():
    state = Race(0.03).after([1, -1, 0, 1, 0.5])
    bets = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7])
    values = np.array([1, -1, 0, 1, 0.5])
    assert state.evidence_of_gain == pytest.approx(np.mean([np.prod(1 + bet * values) for bet in bets]))
    against = np.mean([np.prod(1 + bet / 1.03 * (0.03 - values)) for bet in bets])
    assert state.evidence_against_margin == pytest.approx(against)


def test_a_decided_race_takes_no_more_rows():
    state = Race(0.03).after([1.0] * 40)
    assert state.outcome == "climb"
    assert state.after([-1.0] * 1000) is state


def test_a_race_without_rows_is_open():
    assert race(0, lambda _: [], margin=0.03).outcome == "open"
    assert (Race(0.03).interval.low, Race(0.03).interval.high) == (-1.0, 1.0)


def test_only_the_rows_needed_are_scored_in_one_fixed_order():
    asked: list[list[int]] = []

    def difference(places):
        asked.append(list(places))
        return [1.0] * len(places)

    first = race(500, difference, margin=0.03, seed=3)
    assert sum(map(len, asked)) == len(first.differences) < 100
    before, asked[:] = list(asked), []
    race(500, difference, margin=0.03, seed=3)
    assert asked == before


def test_an_impossible_difference_is_refused():
    with pytest.raises(UsageError, match="between -1 and 1"):
        Race(0.03).after([1.5])
