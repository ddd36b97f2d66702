"""Trackers read events: TensorBoard files can be read back; one that fails is left out; absent packages are told."""

import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from taskfit.core.errors import UsageError
from taskfit.core.events import Event
from taskfit.trackers import check_trackers, numbers_of, tracking


def step(number: int, loss: float, trial: str = "") -> Event:
    data = {"step": number, "total": 9, "loss": loss, "lr": 0.1, "tokens": 10 * number, "trial": trial, "rung": "lora"}
    return Event("train.step", data)


def look(number: int, score: float | None) -> Event:
    return Event("train.look", {"step": number, "epoch": 1.0, "loss": 1.0, "dev_score": score, "trial": ""})


def scalars(folder: Path) -> Iterator[tuple[str, int, float]]:
    """Yield what stands in the event files: TFRecords of length, checksum, bytes, checksum."""
    from tensorboardX.proto.event_pb2 import Event as Record

    for path in sorted(folder.iterdir()):
        content, place = path.read_bytes(), 0
        while place < len(content):
            (size,) = struct.unpack_from("<Q", content, place)
            record = Record.FromString(content[place + 12 : place + 12 + size])
            place += 12 + size + 4
            for value in record.summary.value:
                if value.HasField("simple_value"):
                    yield value.tag, record.step, value.simple_value


def test_the_numbers_of_steps_and_looks_are_told_by_name():
    assert numbers_of(step(1, 0.5)) == {"loss": 0.5, "lr": 0.1, "tokens": 10.0}
    assert numbers_of(step(1, 0.5, "lr 0.1")) == {"lr 0.1/loss": 0.5, "lr 0.1/lr": 0.1, "lr 0.1/tokens": 10.0}
    assert numbers_of(look(2, 0.75)) == {"dev_score": 0.75, "epoch": 1.0}
    assert numbers_of(look(2, None)) == {"epoch": 1.0}
    assert numbers_of(Event("warning", {"text": "a"})) == {}


def test_tensorboard_files_hold_the_curves(tmp_path):
    pytest.importorskip("tensorboardX")
    seen: list[Event] = []
    with tracking(("tensorboard",), tmp_path, {"lr": 0.1}, seen.append) as emit:
        for event in (step(1, 2.0), step(2, 1.5), look(2, 0.25)):
            emit(event)
    found = set(scalars(tmp_path / "tensorboard"))
    assert {("loss", 1, 2.0), ("loss", 2, 1.5), ("dev_score", 2, 0.25)} <= found
    assert len(seen) == 3


class FakeWandb(ModuleType):
    """Stands for a package that is not installed here, behind the three calls that are used of it."""

    def __init__(self) -> None:
        super().__init__("wandb")
        self.given: dict[str, Any] = {}
        self.rows: list[dict[str, float]] = []
        self.ended = False

    def init(self, **given: Any) -> "FakeWandb":
        self.given = given
        return self

    def log(self, row: dict[str, float]) -> None:
        if row["step"] == 3:
            raise ConnectionError("no\nnetwork")
        self.rows.append(row)

    def finish(self) -> None:
        self.ended = True


@pytest.fixture
def wandb(monkeypatch):
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    return fake


def test_a_tracker_gets_the_settings_and_one_identity_per_run_folder(tmp_path, wandb):
    identities = []
    for _ in range(2):
        with tracking(("wandb",), tmp_path / "run", {"lr": 0.1}, lambda event: None) as emit:
            emit(step(1, 2.0))
        identities.append(wandb.given["id"])
    assert identities[0] == identities[1]
    assert (wandb.given["name"], wandb.given["config"]) == ("run", {"lr": 0.1})
    assert wandb.rows[0] == {"loss": 2.0, "lr": 0.1, "tokens": 10.0, "step": 1}
    assert wandb.ended


def test_a_tracker_that_fails_is_left_out_with_a_warning(tmp_path, wandb):
    seen: list[Event] = []
    with tracking(("wandb",), tmp_path, {}, seen.append) as emit:
        for number in (2, 3, 4):
            emit(step(number, 1.0))
    warnings = [event.data["text"]["en"] for event in seen if event.kind == "warning"]
    assert warnings == ["wandb stopped taking numbers: no network; training goes on without it"]
    assert [row["step"] for row in wandb.rows] == [2]
    assert len(seen) == 4


def test_a_tracker_that_is_not_installed_is_told_before_anything_begins(monkeypatch):
    monkeypatch.setattr("taskfit.trackers.find_spec", lambda name: None)
    with pytest.raises(UsageError) as caught:
        check_trackers(["mlflow", "swanlab"])
    assert "pip install 'taskfit[mlflow]'" in str(caught.value)
    assert "the package swanlab is not installed" in str(caught.value)


def test_a_tracker_that_cannot_be_started_is_told_in_one_sentence(tmp_path, wandb, monkeypatch):
    def refuse(**given: Any) -> None:
        raise PermissionError("no\nkey")

    monkeypatch.setattr(wandb, "init", refuse)
    with pytest.raises(UsageError, match="wandb: cannot be started: no key"), tracking(("wandb",), tmp_path, {}, print):
        raise AssertionError("nothing begins")
