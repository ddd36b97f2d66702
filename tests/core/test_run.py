"""A run folder has one name and one worker."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from taskfit.core.errors import BusyError, DiskError
from taskfit.core.events import Event
from taskfit.core.files import read_lines
from taskfit.core.run import RunFolder, new_run


def test_numbers_the_runs_of_one_name(tmp_path: Path) -> None:
    names = [new_run(tmp_path / "runs", "my reviews/2").path.name for _ in range(3)]
    assert names == ["my-reviews-2-0001", "my-reviews-2-0002", "my-reviews-2-0003"]


def test_counts_on_after_the_highest_number(tmp_path: Path) -> None:
    for taken in ("a-0009", "a-0100", "a-b-0500", "a-x"):
        (tmp_path / taken).mkdir()
    assert new_run(tmp_path, "a").path.name == "a-0101"


@pytest.mark.parametrize("name", ["..", "", "/", "a/../../b", "\n", "x" * 500, "--help", "$(rm)", "情感 分类"])
def test_any_name_stays_inside_its_folder(tmp_path: Path, name: str) -> None:
    assert new_run(tmp_path, name).path.parent == tmp_path


def test_starts_at_the_same_moment_get_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: new_run(tmp_path, "a").path, range(24)))
    assert len(set(paths)) == 24


def test_says_when_no_folder_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(DiskError):
        new_run(tmp_path / "runs", "a")


HOLD = """
import sys
from pathlib import Path
from taskfit.core.run import RunFolder
with RunFolder(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_and_a_dead_one_does_not_count(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a-0001")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"process {holder.pid} is working"), folder.locked():
            pass
        holder.kill()
    with folder.locked():
        pass


def test_the_folder_is_free_again_after_an_error(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with pytest.raises(ValueError, match="x"), folder.locked():
        raise ValueError("x")
    with folder.locked():
        pass


def test_events_are_appended_line_by_line(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.record(Event("rung.started", {"rung": "零"}, time=1.23456))
    folder.record(Event("rung.finished", {"rung": "零"}, time=2.0))
    assert list(read_lines(tmp_path / "events.jsonl")) == [
        {"kind": "rung.started", "time": 1.235, "rung": "零"},
        {"kind": "rung.finished", "time": 2.0, "rung": "零"},
    ]


def test_lists_rungs_in_order_and_nothing_else(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for place, name in ((2, "lora"), (0, "zero_shot"), (10, "full")):
        folder.rung(place, name).mkdir(parents=True)
    (tmp_path / "rungs" / "notes").mkdir()
    assert [path.name for path in folder.rungs()] == ["00-zero_shot", "02-lora", "10-full"]
