"""From recipes, task files and flags to the settings of a training; all problems at once, with their places."""

from pathlib import Path

import pytest

from taskfit.app.train_file import read_train
from taskfit.core.errors import UsageError


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


FLAGS = {"method": "full", "rows": ["a.csv"]}


def test_flags_alone_are_enough(here):
    settings = read_train(None, {**FLAGS, "run": "runs/x", "set": ["lr=1e-4", "answer_by=head"], "seed": "3"})
    assert (settings.method, settings.start, settings.run, settings.seed) == ("full", "tiny", "runs/x", 3)
    assert settings.settings == {"lr": 1e-4, "answer_by": "head"}
    assert [one.file for one in settings.rows.files] == ["a.csv"]


def test_flags_win_over_the_recipe_and_other_keys_stay(here):
    Path("r.yaml").write_text("method: full\nrows: {file: a.csv, dev: 20}\nsettings: {lr: 1e-3, batch: 4}\nseed: 1\n")
    settings = read_train(Path("r.yaml"), {"set": ["lr=0.5"], "seed": "2"})
    assert settings.settings == {"lr": 0.5, "batch": 4}
    assert (settings.seed, settings.rows.dev_size) == (2, 20)


def test_rows_take_shares_weights_and_short_forms(here):
    (one, other) = read_train(None, {**FLAGS, "rows": ["a.csv", "b.jsonl:0.2"]}).rows.files
    assert (one.share, other.file, other.share) == (None, "b.jsonl", 0.2)
    Path("r.yaml").write_text("method: full\nrows:\n- a.csv\n- {file: b.csv, weight: 2}\n")
    assert [file.weight for file in read_train(Path("r.yaml")).rows.files] == [1, 2]
    assert read_train(Path("rows.jsonl"), {"method": "full"}).rows.files[0].file == "rows.jsonl"


def test_files_beside_the_recipe_are_found_from_elsewhere(here):
    (here / "sub").mkdir()
    (here / "sub" / "a.csv").write_text("text,label\n")
    (here / "sub" / "r.yaml").write_text("method: full\nrows: [a.csv, 'a.csv:0.2', elsewhere.csv]\n")
    files = [(one.file, one.share) for one in read_train(here / "sub" / "r.yaml").rows.files]
    assert files == [(f"{here}/sub/a.csv", None), (f"{here}/sub/a.csv", 0.2), ("elsewhere.csv", None)]


def test_the_task_file_of_a_climb_gives_task_rows_and_model(here):
    Path("task.yaml").write_text(
        "task: {kind: classify, labels: [a, b]}\nrows: {train: a.csv, test: t.csv, test_share: 0.3}\n"
        "model: tiny\nrungs: [zero_shot]\n"
    )
    settings = read_train(None, {"method": "full", "task": "task.yaml"})
    assert (settings.task.kind, settings.rows.files[0].file, settings.rows.test) == ("classify", "a.csv", "t.csv")
    Path("only.yaml").write_text("kind: classify\ninstruction: Which one?\n")
    assert read_train(None, {**FLAGS, "task": "only.yaml"}).task.instruction == "Which one?"


def test_everything_wrong_is_told_at_once_with_its_flag_or_line(here):
    Path("r.yaml").write_text("method: full\nrows: a.csv\nsettings:\n  lr: -1\n  bach: 4\nseeed: 1\n")
    with pytest.raises(UsageError) as caught:
        read_train(Path("r.yaml"), {"set": ["epochs=0"], "threads": "none"})
    told = str(caught.value)
    for part in (
        "r.yaml:6: unknown key 'seeed'; did you mean 'seed'?",
        "r.yaml:4: 'settings.lr' = -1: must be greater than 0",
        "r.yaml:5: unknown key 'settings.bach'; did you mean 'batch'?",
        "--set epochs=0: 'settings.epochs' = 0: must be greater than 0",
        "--threads: 'threads' = 'none'",
    ):
        assert part in told


def test_a_sweep_may_vary_what_stands_below_a_setting(here):
    asked = {
        **FLAGS,
        "method": "instruct",
        "set": ["weights=lora"],
        "sweep": ["weights.lora.r=2|4"],
        "sweep_trials": "3",
    }
    settings = read_train(None, asked)
    assert settings.sweep is not None
    assert (settings.sweep.ranges, settings.sweep.trials) == ({"weights.lora.r": "2|4"}, 3)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"method": "lorra"}, "there is no method 'lorra'; did you mean 'lora'?"),
        ({"set": ["lr"]}, "--set: 'lr' is no NAME=VALUE"),
        ({"sweep": ["lr=5"]}, "lr: '5' is no range; write log:1e-5:1e-3, 0.0:0.1 or 4|8|16"),
        ({"sweep": ["lr=log:0:1"]}, "must rise, from above 0"),
        ({"sweep": ["speed=1:2"]}, "--sweep speed=1:2: the method full has no setting 'speed'"),
        ({"sweep": ["lr=1e-5:1e-3"], "set": ["lr=1"]}, "'lr' is set and searched for at once"),
        ({"rows": ["a.csv:0.5", "b.csv:0.6"]}, "the shares leave no room for all files"),
        ({"rows": ["a.csv", "b.csv:1.0"]}, "the shares leave no room for all files"),
        ({"rows.dev": "1.5"}, "1.5 is neither a number of rows nor a share below 1"),
        ({"rows.world": "documents"}, "set exactly one of 'files', 'datasets' and 'world'"),
        ({"new.layers": "2", "model": "tiny"}, "set only one of 'model' and 'new'"),
        ({"trackers": ["clearml"]}, "must be 'mlflow', 'wandb' or 'swanlab'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(here, flags, told):
    with pytest.raises(UsageError) as caught:
        read_train(None, {**FLAGS, **flags})
    assert told in str(caught.value)
