"""Forgetting of one training: measured against the model it started from when asked, shown, and kept in the run folder."""

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from taskfit.app.train import FINISHED, TrainSettings, train_run
from taskfit.app.train_forgetting import FORGOTTEN, read_forgotten
from taskfit.cli.show_train import show_trained
from taskfit.core.errors import DataError, UsageError
from taskfit.core.events import Event
from taskfit.core.files import read_json
from taskfit.core.text import speak
from taskfit.data.world.example import example_rows
from tiny_models import TinyModels
from tiny_models import tiny as tiny


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "train.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *((row.text, row.label) for row in example_rows("en")[:48])])
    return path


def asked(rows: Path, run: Path, **changes: Any) -> TrainSettings:
    values: dict[str, Any] = {
        "method": "lora",
        "settings": {"lr": 0.3, "max_steps": 12},
        "rows": str(rows),
        "run": str(run),
        "forgetting": "auto",
        "threads": 1,
    }
    return TrainSettings.read({**values, **changes})


def shown(run: Path) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        show_trained(run, console)
    return captured.get()


def test_what_a_training_forgot_is_measured_told_shown_and_kept(tiny: TinyModels, rows: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    run = train_run(asked(rows, tmp_path / "run", model=str(tiny.folder("llama", chat=True))), events.append)
    found = read_forgotten(run)
    assert found is not None
    assert found.state == "measured"
    assert found.identity == "adapter off"
    assert found.identity_gap == 0.0
    assert "kl" in {probe.name for probe in found.probes}
    warned = [str(event.data["text"]) for event in events if event.kind == "warning"]
    assert any("forgets what its base could do" in one for one in warned), "with so high a rate it must forget"
    assert "forgotten: divergence on the base's own samples" in shown(run)
    assert "(lost)" in shown(run)
    speak("zh")
    try:
        assert "遗忘：在基座自己的样本上的偏离" in shown(run)
        assert "已遗忘" in shown(run)
    finally:
        speak("en")
    assert (run / FINISHED).stat().st_mtime_ns >= (run / FORGOTTEN).stat().st_mtime_ns


def test_a_method_that_trains_nothing_forgets_nothing_and_unasked_nothing_is_measured(
    tiny: TinyModels, rows: Path, tmp_path: Path
) -> None:
    model = str(tiny.folder("llama", chat=True))
    run = train_run(asked(rows, tmp_path / "shots", method="zero_shot", settings={}, model=model))
    assert read_forgotten(run) is not None
    assert "the weights of the start are used as they are" in shown(run)
    run = train_run(asked(rows, tmp_path / "off", forgetting="off", model=model))
    assert read_forgotten(run) is None
    assert "forgotten" not in shown(run)


def test_a_model_whose_every_weight_is_trained_is_held_against_its_start(
    tiny: TinyModels, rows: Path, tmp_path: Path
) -> None:
    general = tmp_path / "general.txt"
    general.write_text("\n\n".join(f"The {number}th door is closed." for number in range(8)))
    method = {"method": "instruct", "settings": {"lr": 1e-2, "max_steps": 2}, "general_text": str(general)}
    talk = tmp_path / "talk.jsonl"
    line = '{"messages": [{"role": "user", "content": "%d?"}, {"role": "assistant", "content": "good %d"}]}'
    talk.write_text("\n".join(line % (number, number) for number in range(20)))
    run = train_run(asked(talk, tmp_path / "run", model=str(tiny.folder("llama", chat=True)), **method))
    found = read_forgotten(run)
    assert found is not None
    assert found.state == "measured"
    assert found.identity == "base kept"
    assert "text.own" in {probe.name for probe in found.probes}
    assert read_json(run / FINISHED)["dev_metric"] == "loss"
    assert "loss on dev" in shown(run)


def test_files_that_would_not_be_read_or_cannot_be_are_refused_before_training(rows: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'retained' would not be read"):
        asked(rows, tmp_path / "run", forgetting="off", retained=str(rows))
    with pytest.raises(DataError):
        train_run(asked(rows, tmp_path / "run", general_text=str(tmp_path / "missing.txt")))
    assert not (tmp_path / "run").exists()
