"""Said before anything is loaded: trainings that this machine has no memory for."""

import pytest

from taskfit.app import memory_check
from taskfit.app.fits_here import longest, too_large
from taskfit.app.train import train
from taskfit.app.train_settings import TrainSettings
from taskfit.core.example import example_of

ROWS = [example_of("good food " * n, "good", number=n) for n in range(1, 40)]


def test_the_longest_row_is_counted_in_tokens_and_never_beyond_what_the_model_reads():
    short = longest("tiny", ROWS[:5])
    assert short is not None
    assert short < longest("tiny", ROWS) <= longest("tiny", [example_of("good food " * 5000, "good")])
    assert longest("no-such-model-here", ROWS) is None


def test_only_what_does_not_fit_is_told(monkeypatch: pytest.MonkeyPatch):
    methods = [("full", {}), ("lora", {}), ("zero_shot", {})]
    assert list(too_large("tiny", methods, ROWS)) == []
    monkeypatch.setattr(memory_check, "room_on_cpu", lambda: 1_000_000)
    told = [sentence.en for sentence in too_large("tiny", methods, ROWS)]
    assert [one.split()[0] for one in told] == ["full", "lora", "zero_shot"]
    assert all("may not fit: needs about" in one for one in told)


def test_a_training_says_so_before_its_model_is_opened(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory_check, "room_on_cpu", lambda: 1_000_000)
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(40)), encoding="utf-8")
    heard = []
    settings = {"method": "lora", "model": "tiny", "rows": {"files": [str(rows)]}, "run": str(tmp_path / "run")}
    train(TrainSettings.read({**settings, "settings": {"max_steps": 1}}), heard.append)
    warnings = [event.data["text"]["en"] for event in heard if event.kind == "warning"]
    assert any("lora may not fit" in one for one in warnings)
