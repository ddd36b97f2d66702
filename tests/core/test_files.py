"""Files are whole or absent; JSON is strict."""

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from taskfit.core.errors import DiskError
from taskfit.core.files import plain, read_json, read_lines, sha256, to_json, write_atomic, write_json, write_lines


@dataclass(frozen=True)
class Point:
    x: int
    names: frozenset[str]


def test_plain_makes_json_values_of_everything_we_keep() -> None:
    assert plain({1: (Point(1, frozenset({"b", "a"})), Path("a/b"))}) == {"1": [{"x": 1, "names": ["a", "b"]}, "a/b"]}


def test_writes_json_that_reads_back_in_any_language(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.json"
    write_json(path, {"答案": "好", "x": [1, None]})
    assert read_json(path) == {"答案": "好", "x": [1, None]}
    assert "答案" in path.read_text(encoding="utf-8")


def test_refuses_numbers_that_are_not_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"x": float("nan")})


def test_leaves_out_a_torn_last_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_lines(path, [{"a": 1}, {"a": 2}])
    path.write_bytes(path.read_bytes() + b'{"a": 3, "b"')
    assert list(read_lines(path)) == [{"a": 1}, {"a": 2}]


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_json(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError, match="No space left") as raised:
        write_json(path, "new")
    assert "MB are free there" in str(raised.value)
    assert read_json(path) == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_names_the_path_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "under", tmp_path / ("x" * 300), Path("/proc/none")):
        with pytest.raises(DiskError, match="cannot write"):
            write_atomic(path, b"x")


def test_hashes_the_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert json.loads(to_json(Path("a"))) == "a"
