"""Inside each rung: confusion, curves, trials."""

from dataclasses import replace

from ladder.report.samples import sample_report
from taskfit.core.measurement import Confusion
from taskfit.core.prediction import CurvePoint
from taskfit.ladder.report.curves import learning_curves, thinned
from taskfit.ladder.report.inside import class_section, confused_pairs, trial_section


def test_pairs_are_sorted_and_count_unreadable_answers() -> None:
    confusion = Confusion(("a", "b"), ((5, 1, 0), (3, 4, 2)))
    assert confused_pairs(confusion) == [("b", "a", 3, 9), ("b", None, 2, 9), ("a", "b", 1, 6)]


def test_a_long_curve_is_thinned_but_keeps_dev_scores_and_its_end() -> None:
    curve = [CurvePoint(step, 0.0, 1.0, 1e-4, step, 0.5 if step == 777 else None) for step in range(1, 5001)]
    steps = [one.step for one in thinned(curve)]
    assert len(steps) < 450
    assert {1, 777, 5000} <= set(steps)


def test_a_curve_of_one_point_or_of_no_numbers_can_be_drawn() -> None:
    one = replace(sample_report(10).measurements[0], curve=(CurvePoint(1, 0.1, 2.0, 1e-4, 10),))
    assert str(learning_curves([one], percent=True)).count("<svg") == 1
    lost = replace(one, curve=(CurvePoint(1, 0.1, float("nan"), 1e-4, 10),))
    assert "undefined" in str(learning_curves([lost], percent=True))
    assert learning_curves([replace(one, curve=())], percent=True) is None


def test_the_chosen_trial_is_said() -> None:
    section = str(trial_section(sample_report()))
    assert "3 tried, the chosen one has 87.0 %" in section
    assert "0.001" in section


def test_the_stop_rung_is_open() -> None:
    section = str(class_section(sample_report()))
    assert section.count("<details open>") == 1
    assert section.index("<details open>") < section.index("<b>lora</b>") < section.index("<b>full</b>")
