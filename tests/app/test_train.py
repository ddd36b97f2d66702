"""A training from start to end: what lies in the run folder, resuming, beginning anew, going on, refusals."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from taskfit.app.train import FINISHED, TrainSettings, train_run
from taskfit.core.errors import DataError, NotPossible, UsageError
from taskfit.core.events import Event
from taskfit.core.files import read_json, read_lines
from taskfit.data.world.example import example_rows


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    rows = example_rows("en")
    for name, part in (("train", rows[:60]), ("test", rows[60:100])):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *((row.text, row.label) for row in part)])
    return folder


def settings(files: Path, run: Path, **changes: Any) -> TrainSettings:
    values: dict[str, Any] = {
        "method": "lora",
        "settings": {"lr": 5e-3, "epochs": 2},
        "rows": {"file": str(files / "train.csv"), "test": str(files / "test.csv")},
        "run": str(run),
        "threads": 1,
    }
    return TrainSettings.read({**values, **changes})


def weights(run: Path) -> bytes:
    return (run / "adapter" / "adapter_model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def finished(files, tmp_path_factory):
    run = tmp_path_factory.mktemp("whole") / "run"
    events: list[Event] = []
    assert train_run(settings(files, run), events.append) == run
    return run, events


def test_the_run_folder_tells_everything(finished):
    run, _ = finished
    facts, rows, found = (read_json(run / name) for name in (FINISHED, "rows.json", "measurement.json"))
    assert facts["result"] == "."
    assert facts["parameters_trained"] > 0
    assert facts["tokens_per_second"] > 0
    assert facts["dev_score"] is not None
    assert rows["read"] == rows["train"] + rows["dev"] + rows["test"] + rows["listed"] == 100
    assert len(list(read_lines(run / "predictions.jsonl"))) == rows["test"]
    interval = found["trained"]["metrics"]["accuracy"]
    assert 0 <= interval["low"] <= interval["estimate"] <= interval["high"] <= 1
    assert found["base"]["rows"] == found["trained"]["rows"]
    assert (found["comparison"]["old"], found["comparison"]["new"]) == ("base", "lora")
    assert not [path for path in run.iterdir() if path.name in ("checkpoints", "trials", ".made.tmp")]
    assert read_json(run / "machine.json")["versions"]["torch"]


def test_events_are_the_truth_and_begin_with_the_folder(finished):
    run, events = finished
    lines = list(read_lines(run / "events.jsonl"))
    assert [line["kind"] for line in lines[:3]] == ["run.started", "rows.read", "splits.made"]
    assert {line["step"] for line in lines if line["kind"] == "train.step"} == set(range(1, 7))
    assert events[-1].kind == "run.finished"


def test_a_finished_run_is_not_done_again_but_begun_anew_when_asked(files, finished):
    run, _ = finished
    before = weights(run)
    stamp = (run / FINISHED).stat().st_mtime_ns
    train_run(settings(files, run))
    assert (run / FINISHED).stat().st_mtime_ns == stamp
    (run / "mine.txt").write_text("not taskfit's")
    train_run(settings(files, run), fresh=True)
    assert (run / FINISHED).stat().st_mtime_ns != stamp
    assert weights(run) == before
    assert (run / "mine.txt").is_file()


def test_a_stopped_run_goes_on_to_the_same_weights(files, finished, tmp_path):
    steps = []

    def stop(event: Event) -> None:
        if event.kind == "train.step":
            steps.append(event.data["step"])
            if len(steps) == 4:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(settings(files, tmp_path / "cut"), stop)
    train_run(settings(files, tmp_path / "cut"))
    assert weights(tmp_path / "cut") == weights(finished[0])


def test_other_settings_are_refused_with_what_changed(files, finished):
    with pytest.raises(UsageError) as caught:
        train_run(settings(files, finished[0], settings={"lr": 1e-3, "epochs": 2}))
    assert "begun with other settings" in str(caught.value)
    assert "settings.lr: was 0.005, is 0.001 now" in str(caught.value)


def test_changed_rows_are_refused(files, tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text((files / "train.csv").read_text())
    asked = settings(files, tmp_path / "run", rows=str(rows))

    def stop(event: Event) -> None:
        if event.kind == "train.step":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(asked, stop)
    rows.write_text("text,label\n" + "".join(rows.read_text().splitlines(keepends=True)[4:]))
    with pytest.raises(DataError, match="the rows have changed"):
        train_run(asked)


def test_without_a_named_folder_an_unfinished_run_is_found_again(files, tmp_path):
    asked = settings(files, tmp_path / "x", rows=str(files / "train.csv"))
    asked = asked.model_copy(update={"run": None, "runs": str(tmp_path / "runs")})

    def stop(event: Event) -> None:
        if event.kind == "train.step":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(asked, stop)
    run = train_run(asked)
    assert run.name == "lora-train-0001"
    assert train_run(asked).name == "lora-train-0002"


def test_nothing_is_left_behind_when_the_rows_cannot_be_used(files, tmp_path):
    with pytest.raises(DataError):
        train_run(settings(files, tmp_path / "run", rows="nothing.csv"))
    assert not (tmp_path / "run").exists()


def test_a_method_that_cannot_do_the_task_is_refused_before_training(files, tmp_path):
    with pytest.raises(NotPossible):
        train_run(settings(files, tmp_path / "run", method="head", settings={}, task={"kind": "generate"}))


def test_a_run_folder_that_is_a_file_is_refused(files, tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(UsageError, match="a folder is expected"):
        train_run(settings(files, tmp_path / "run"))


def test_conversations_and_plain_text_are_trained_on(tmp_path):
    talk = [
        {"messages": [{"role": "user", "content": f"{n} and {n}?"}, {"role": "assistant", "content": str(2 * n)}]}
        for n in range(20)
    ]
    (tmp_path / "talk.jsonl").write_text("\n".join(map(json.dumps, talk)))
    (tmp_path / "book.txt").write_text("\n".join(f"The {n}th door is closed." for n in range(20)))
    for method, rows in (("instruct", "talk.jsonl"), ("pretrain", "book.txt")):
        asked = {"method": method, "rows": str(tmp_path / rows), "run": str(tmp_path / method), "threads": 1}
        run = train_run(TrainSettings.read(asked))
        facts = read_json(run / FINISHED)
        assert facts["result"] == "model"
        assert facts["dev_score"] < 0
        assert (run / "model" / "model.safetensors").is_file()


@pytest.mark.parametrize("method", ["zero_shot", "few_shot", "knn_shot"])
def test_a_prompt_is_refused_in_one_sentence_where_no_row_has_an_answer(tmp_path, method):
    (tmp_path / "book.txt").write_text("\n".join(f"The {n}th door is closed." for n in range(20)))
    asked = {"method": method, "rows": str(tmp_path / "book.txt"), "run": str(tmp_path / "run"), "threads": 1}
    with pytest.raises(NotPossible, match=f"{method} only asks the model, and no row of this task has an answer"):
        train_run(TrainSettings.read(asked))
    assert not (tmp_path / "run").exists()


def test_an_ended_run_with_kept_checkpoints_goes_on_for_more_epochs(files, tmp_path):
    asked = {"lr": 5e-3, "epochs": 1, "save_every": 2}
    rows = str(files / "train.csv")
    run = train_run(settings(files, tmp_path / "run", rows=rows, settings=asked))
    events: list[Event] = []
    train_run(settings(files, run, rows=rows, settings={**asked, "epochs": 2}), events.append)
    steps = [event.data["step"] for event in events if event.kind == "train.step"]
    assert steps
    assert steps[0] > 2
    assert "epochs: 2" in (run / "settings.yaml").read_text()
    assert read_json(run / FINISHED)["curve"][-1]["step"] == steps[-1]


def test_without_kept_checkpoints_a_longer_run_is_refused_with_the_way_to_do_it(files, finished):
    with pytest.raises(UsageError, match="train with save_every, which keeps the checkpoints"):
        train_run(settings(files, finished[0], settings={"lr": 5e-3, "epochs": 4}))


def test_a_full_disk_ends_in_one_sentence_and_the_run_goes_on_when_there_is_room(files, finished, tmp_path):
    from taskfit.core.errors import DiskError

    run = tmp_path / "run"
    run.mkdir()
    (run / "events.jsonl").symlink_to("/dev/full")
    with pytest.raises(DiskError, match="No space left on device"):
        train_run(settings(files, run))
    (run / "events.jsonl").unlink()
    train_run(settings(files, run))
    assert weights(run) == weights(finished[0])
