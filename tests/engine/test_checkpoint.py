"""A checkpoint is whole or does not count, whatever happened to it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from engine.learners import digest_of
from taskfit.core.errors import DiskError, ModelError
from taskfit.engine.checkpoint import Checkpoint, find_checkpoint, save_checkpoint, write_tensors


def _checkpoint(step: int) -> Checkpoint:
    drawn = torch.Generator().manual_seed(step)
    weights = {"a": torch.randn(3, 4, generator=drawn), "b": torch.randn(2, generator=drawn).bfloat16()}
    state = {"step/a": torch.tensor(float(step)), "turned/a": torch.randn(3, 4, generator=drawn).T}
    return Checkpoint(step, {"weights": weights, "optimizer": state}, {"loss": 0.1 + step, "name": "步"})


def _steps(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    saved = _checkpoint(7)
    path = save_checkpoint(tmp_path / "new" / "folder", saved)
    found = find_checkpoint(path.parent)
    assert found.torn == ()
    assert found.checkpoint is not None
    assert (found.checkpoint.step, found.checkpoint.facts) == (7, saved.facts)
    for group, tensors in saved.tensors.items():
        assert digest_of(dict(found.checkpoint.tensors[group])) == digest_of(dict(tensors))


def test_an_empty_or_absent_folder_holds_none(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path).checkpoint is None
    assert find_checkpoint(tmp_path / "absent").checkpoint is None


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_keeps_the_newest(tmp_path: Path, keep: int) -> None:
    for step in (9, 10, 100, 101):
        save_checkpoint(tmp_path, _checkpoint(step), keep=keep)
    assert _steps(tmp_path) == [f"step-{step:08d}" for step in (9, 10, 100, 101)[-keep:]]


def test_the_same_step_is_replaced(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, _checkpoint(3))
    save_checkpoint(tmp_path, Checkpoint(3, {"weights": {"a": torch.ones(1)}}, {"second": True}))
    found = find_checkpoint(tmp_path).checkpoint
    assert found is not None
    assert found.facts == {"second": True}
    assert found.tensors.keys() == {"weights"}


def test_leftovers_and_strangers_do_not_count(tmp_path: Path) -> None:
    (tmp_path / ".step-00000009.123.tmp").mkdir()
    (tmp_path / "step-notes").mkdir()
    (tmp_path / "step-00000011").write_text("a file")
    assert find_checkpoint(tmp_path).checkpoint is None
    save_checkpoint(tmp_path, _checkpoint(1))
    assert _steps(tmp_path) == [
        "step-00000001",
        "step-00000011",
        "step-notes",
    ]  # the leftover of a killed process is gone


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


TEARS: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda path: (path / "manifest.json").unlink(),
    "torn manifest": lambda path: (path / "manifest.json").write_bytes((path / "manifest.json").read_bytes()[:20]),
    "manifest of another kind": lambda path: (path / "manifest.json").write_text("[]"),
    "files of another kind": lambda path: (path / "manifest.json").write_text('{"step": 2, "files": []}'),
    "cut weights": lambda path: (path / "weights.safetensors").write_bytes(b"\x00" * 10),
    "flipped bit": lambda path: _flip(path / "weights.safetensors"),
    "no optimizer": lambda path: (path / "optimizer.safetensors").unlink(),
    "no facts": lambda path: (path / "facts.json").unlink(),
    "edited facts": lambda path: (path / "facts.json").write_text('{"loss": 0}'),
    "empty": lambda path: [one.unlink() for one in path.iterdir()],
    "unreadable manifest": lambda path: (path / "manifest.json").write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("tear", TEARS)
def test_a_torn_newest_falls_back_and_is_named(tmp_path: Path, tear: str) -> None:
    save_checkpoint(tmp_path, _checkpoint(1))
    TEARS[tear](save_checkpoint(tmp_path, _checkpoint(2)))
    found = find_checkpoint(tmp_path)
    assert found.torn == ("step-00000002",)
    assert found.checkpoint is not None
    assert found.checkpoint.step == 1


def test_all_torn_is_an_error_and_never_a_start_from_nothing(tmp_path: Path) -> None:
    for step in (1, 2):
        TEARS["flipped bit"](save_checkpoint(tmp_path, _checkpoint(step)))
    with pytest.raises(ModelError, match=r"no checkpoint is whole: step-00000002, step-00000001; delete this folder"):
        find_checkpoint(tmp_path)


def test_a_torn_later_step_never_pushes_out_whole_ones(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, _checkpoint(5))
    TEARS["no manifest"](save_checkpoint(tmp_path, _checkpoint(9)))
    for step in (6, 7):
        save_checkpoint(tmp_path, _checkpoint(step))
    assert _steps(tmp_path) == ["step-00000006", "step-00000007", "step-00000009"]
    save_checkpoint(tmp_path, _checkpoint(9))
    found = find_checkpoint(tmp_path)
    assert found.checkpoint is not None
    assert (found.checkpoint.step, found.torn) == (9, ())


def test_the_manifest_decides_the_step(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, _checkpoint(4))
    path.rename(tmp_path / "step-00000044")
    found = find_checkpoint(tmp_path).checkpoint
    assert found is not None
    assert found.step == 4


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_files_may_be_read_by_whom_the_umask_says(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_tensors(tmp_path / "one.safetensors", {"a": torch.ones(2)})
        path = save_checkpoint(tmp_path, _checkpoint(1))
    finally:
        os.umask(before)
    files = [tmp_path / "one.safetensors", *path.iterdir()]
    assert {file.stat().st_mode & 0o777 for file in files} == {mode}


FULL = """
import resource, sys
from pathlib import Path
import torch
from taskfit.core.errors import DiskError
from taskfit.engine.checkpoint import Checkpoint, find_checkpoint, save_checkpoint

def fill(folder, limit, numbers):
    def checkpoint(step):
        return Checkpoint(step, {"weights": {"a": torch.full((numbers,), float(step))}}, {"curve": ["x" * 10] * 2000})
    save_checkpoint(folder, checkpoint(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        save_checkpoint(folder, checkpoint(2))
    except DiskError as problem:
        said = str(problem)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    found = find_checkpoint(folder)
    assert found.checkpoint.step == 1 and found.torn == (), found
    assert float(found.checkpoint.tensors["weights"]["a"][-1]) == 1.0
    save_checkpoint(folder, checkpoint(2))
    assert find_checkpoint(folder).checkpoint.step == 2
    print(said)
    print(sorted(path.name for path in folder.iterdir()))

root = Path(sys.argv[1])
fill(root / "tensors", 20_000, 50_000)
fill(root / "facts", 8_000, 10)
"""


def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    # A limit on file sizes in a child process: first the tensors do not fit, then only the JSON beside them.
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tensors, left, facts, also_left = done.stdout.splitlines()
    for said in (tensors, facts):
        assert "cannot write: " in said
        assert "File too large" in said
        assert "MB are free there" in said
    assert left == also_left == "['step-00000001', 'step-00000002']"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="cannot write"):
        save_checkpoint(tmp_path / "file" / "below", _checkpoint(1))


def test_facts_are_strict_json(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, _checkpoint(1))
    assert json.loads((path / "facts.json").read_text(encoding="utf-8"))["name"] == "步"
