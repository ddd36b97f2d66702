"""Sweeps: what is tried next depends on the seed and the results alone; the best is kept; killed ones go on."""

from pathlib import Path
from typing import Any

import pytest

from taskfit.app.sweep import RESULT, Swept, merged, propose, sweep
from taskfit.app.sweep_settings import SweepSettings, range_of
from taskfit.core.errors import TrainingError
from taskfit.core.files import read_json
from taskfit.core.prediction import CurvePoint, Story
from taskfit.core.text import Text

pytest.importorskip("optuna")

RANGES = {"lr": "log:1e-5:1e-1", "batch": "4|8"}


class Made:
    """A predictor whose dev score is best at a learning rate of 1e-3."""

    def __init__(self, score: float):
        self.story = Story(curve=(CurvePoint(1, 1.0, 0.5, 0.1, 10, score),), parameters_trained=7)

    def predict(self, examples: Any, meter: Any) -> Any:
        raise AssertionError("a sweep only looks at dev")

    def save(self, folder: Path) -> None:
        (folder / "weights").write_text(str(self.story.curve[0].dev_score))


def run(folder: Path, trials: int = 6, seen: list[float] | None = None, stop_at: int = 99) -> Swept:
    def attempt(method: Any, at: Path) -> Any:
        if seen is not None:
            seen.append(method.lr)
            if len(seen) == stop_at:
                raise KeyboardInterrupt
        if method.lr > 0.02:
            raise TrainingError(Text("not a number", "非有限值"))
        return Made(-abs(method.lr - 1e-3))

    return sweep("full", {"epochs": 1}, SweepSettings(ranges=RANGES, trials=trials), folder, seed=3, attempt=attempt)


def test_the_best_settings_are_chosen_and_only_its_weights_kept(tmp_path):
    found = run(tmp_path)
    best = max(found.story.trials, key=lambda trial: trial.dev_score)
    assert best.chosen
    assert found.method.model_dump()["lr"] == best.settings["lr"]
    assert found.method.model_dump()["batch"] in (4, 8)
    assert found.story.parameters_trained == 7
    assert [path.parent for path in tmp_path.rglob("weights")] == [found.folder]
    assert all(1e-5 <= float(str(trial.settings["lr"])) <= 1e-1 for trial in found.story.trials)


def test_a_killed_sweep_goes_on_to_the_same_trials(tmp_path):
    whole = run(tmp_path / "whole")
    for stop_at in (2, 2):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "cut", seen=[], stop_at=stop_at)
    seen: list[float] = []
    cut = run(tmp_path / "cut", seen=seen)
    assert [one.settings for one in cut.story.trials] == [one.settings for one in whole.story.trials]
    assert len(seen) == 4


def test_a_trial_that_stops_being_numbers_is_kept_as_a_row_and_never_chosen(tmp_path):
    def attempt(method: Any, at: Path) -> Any:
        if at.name == "trial-000":
            raise TrainingError(Text("not a number", "非有限值"))
        return Made(0.5)

    asked = SweepSettings(ranges=RANGES, trials=2)
    found = sweep("full", {}, asked, tmp_path, seed=0, attempt=attempt)
    assert read_json(tmp_path / "trial-000" / RESULT)["why"] == {"en": "not a number", "zh": "非有限值"}
    assert found.folder.parent.name == "trial-001"


def test_proposals_move_towards_what_was_good():
    ranges = {"lr": range_of("log:1e-5:1e-1")}
    found: list[dict[str, Any]] = []
    for _ in range(24):
        params = propose(ranges, found, seed=0, trials=24)
        found.append({"params": params, "score": -abs(params["lr"] - 1e-3)})
    late = [one["params"]["lr"] for one in found[12:]]
    assert sum(1e-4 < lr < 1e-2 for lr in late) > 8


def test_ranges_of_whole_numbers_stay_whole():
    assert range_of("1:4").whole
    assert not range_of("0.0:4").whole
    assert isinstance(propose({"epochs": range_of("1:4")}, [], seed=0, trials=2)["epochs"], int)


def test_dotted_names_reach_into_nested_settings():
    assert merged({"weights": "lora", "lr": 1}, {"weights.r": 4}) == {"weights": {"lora": {}, "r": 4}, "lr": 1}
