"""Climbs that are stopped, politely and not, end in the same results as one that nobody disturbs."""

import os
import random
import signal
from functools import partial
from pathlib import Path

import pytest

from climbing import ended, kill_at_rename, results, save_every_step, start, wait_until, write_task
from tiny_models import TinyModels
from tiny_models import tiny as tiny

CLIMB = ["climb", "task.yaml"]


@pytest.fixture(scope="module")
def undisturbed(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a climb that nobody disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    write_task(folder, tiny.folder("llama", chat=True))
    assert ended(start(CLIMB, folder)) == 0
    return folder / "runs" / f"{folder.name}-0001"


@pytest.fixture
def folder(tiny: TinyModels, tmp_path: Path) -> Path:
    """A folder with the same task."""
    write_task(tmp_path / "again", tiny.folder("llama", chat=True))
    return tmp_path / "again"


def checkpoints(folder: Path) -> list[Path]:
    return list(folder.glob("runs/*/rungs/02-lora/seed-*/trials/*/checkpoints/step-*/manifest.json"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_training_saves_and_the_same_command_goes_on(
    number: signal.Signals, code: int, folder: Path, undisturbed: Path
) -> None:
    process = start(CLIMB, folder)
    lora = folder / "runs" / "again-0001" / "rungs" / "02-lora"
    wait_until(lambda: any(lora.glob("seed-*/trials/*")), process)
    assert process.pid is not None
    os.kill(process.pid, number)
    assert ended(process) == code
    told = (folder / "told.txt").read_text()
    assert "stopping after this step; again stops at once" in told
    assert told.splitlines()[-1] == (
        "stopped; the same command again, or --run runs/again-0001, continues where it stopped"
    )
    assert checkpoints(folder)
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/rungs/*/measurement.json")}
    assert len(kept) == 2
    assert ended(start(CLIMB, folder)) == 0
    assert "head: finished before, kept" in (folder / "told.txt").read_text()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert [path.name for path in (folder / "runs").iterdir() if path.is_dir()] == ["again-0001"]
    assert results(folder / "runs" / "again-0001") == results(undisturbed)


def test_killed_again_and_again_it_ends_in_the_same_results(folder: Path, undisturbed: Path) -> None:
    dice = random.Random(7)
    ends = []
    while len(ends) < 6 and 0 not in ends:  # on a fast machine a climb may end before it is killed
        process = start(CLIMB, folder, before=save_every_step)
        process.join(dice.uniform(0.3, 2.5) if ends else 0.3)
        process.kill()
        ends.append(ended(process))
        assert ends[-1] in (0, -signal.SIGKILL), (folder / "told.txt").read_text()
    assert ends[0] == -signal.SIGKILL
    if 0 not in ends:
        assert ended(start(CLIMB, folder)) == 0
    assert_same(folder, undisturbed)


def test_killed_at_the_moment_a_file_becomes_whole_it_ends_in_the_same_results(folder: Path, undisturbed: Path) -> None:
    for place, number in enumerate((1, 4, 6, 8, 11, 14, 15)):
        process = start(CLIMB, folder, before=partial(kill_at_rename, number, bool(place % 2)))
        assert ended(process) == -signal.SIGKILL, (folder / "told.txt").read_text()
    assert ended(start(CLIMB, folder)) == 0
    assert_same(folder, undisturbed)


def assert_same(folder: Path, undisturbed: Path) -> None:
    [run] = [path for path in (folder / "runs").iterdir() if (path / "report.html").is_file()]
    assert results(run) == results(undisturbed)
    left = [path for path in run.rglob("*") if path.name.endswith(".tmp") or "checkpoints" in path.parts]
    assert left == []
