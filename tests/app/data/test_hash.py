"""A test set as hashes: found in other rows, and not one of its words told."""

import json

import pytest

from taskfit.app.data.check import CheckSettings, check
from taskfit.app.data.hash import HashSettings, hash_test
from taskfit.core.errors import DataError

SECRET = "Which river flows through the old town of the hidden valley beyond the seven hills and the quiet lake?"


def write(path, questions):
    rows = [{"instruction": one, "output": f"answer {n}"} for n, one in enumerate(questions)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_hashed_test_set_is_found_in_rows_and_tells_nothing(tmp_path):
    test = write(tmp_path / "test.jsonl", [SECRET, "What is two plus two?"])
    done = hash_test(str(test), tmp_path / "test.hashes.json", HashSettings(name="quiz"))
    assert (done.name, done.rows) == ("quiz", 2)
    content = done.file.read_text(encoding="utf-8")
    assert "river" not in content
    train = write(tmp_path / "train.jsonl", [*(f"Name the town number {n * 7919}" for n in range(40)), SECRET.upper()])
    found = check((str(train),), CheckSettings(known=(str(done.file),)))
    leak = [one for one in found.findings if one.check == "known_tests"]
    assert leak
    assert "quiz" in leak[0].what.en
    clean = write(tmp_path / "clean.jsonl", [f"Name the town number {n * 7919}" for n in range(40)])
    assert not [
        one
        for one in check((str(clean),), CheckSettings(known=(str(done.file),))).findings
        if one.check == "known_tests"
    ]


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    test = write(tmp_path / "test.jsonl", [SECRET])
    with pytest.raises(DataError, match="exists already"):
        hash_test(str(test), test, HashSettings())
