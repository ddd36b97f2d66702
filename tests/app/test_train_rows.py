"""The ground of a training: rows are read, divided, mixed; each is used or listed."""

import json
from pathlib import Path
from typing import Any

import pytest

from taskfit.app.train_rows import TrainGround, ground_of
from taskfit.app.train_settings import TrainSettings
from taskfit.core.errors import DataError

BOTH = frozenset({"classify", "generate"})
WORDS = ("river", "stone", "cloud", "lamp", "green", "seven", "paper", "north", "salt", "violin")


def sentence(number: int) -> str:
    return " ".join(WORDS[int(digit)] for digit in f"{number * 7919 % 1_000_000:06d}")


def ground(tmp_path: Path, rows: Any, kinds: frozenset[Any] = BOTH, **settings: Any) -> TrainGround:
    values = {"method": "full", "rows": rows, "run": str(tmp_path / "run"), **settings}
    return ground_of(TrainSettings.read(values), kinds)


def write(path: Path, rows: list[Any]) -> str:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return str(path)


def labelled(path: Path, numbers: range) -> str:
    return write(path, [{"text": sentence(n), "label": "ab"[n % 2]} for n in numbers])


def count(found: TrainGround) -> tuple[int, int, int]:
    return len(found.practice.train), len(found.practice.dev), len(found.test)


def test_labelled_rows_are_a_classification_with_dev(tmp_path):
    found = ground(tmp_path, labelled(tmp_path / "a.jsonl", range(50)))
    assert (found.task.kind, found.task.label_names) == ("classify", ("a", "b"))
    assert count(found) == (40, 10, 0)
    assert found.read == 50


def test_test_rows_are_never_trained_on(tmp_path):
    train, test = labelled(tmp_path / "a.jsonl", range(50)), labelled(tmp_path / "b.jsonl", range(40, 60))
    found = ground(tmp_path, {"files": [train], "test": test})
    assert count(found) == (32, 8, 20)
    assert len(found.listed) == 10
    assert "stands in the test rows" in found.listed[0].reason.en
    assert not {row.text for row in found.test} & {row.text for row in (*found.practice.train, *found.practice.dev)}


@pytest.mark.parametrize(("dev", "expected"), [(10, (40, 10)), (0.1, (45, 5)), ("10", (40, 10)), (0, (50, 0))])
def test_dev_is_a_number_or_a_share(tmp_path, dev, expected):
    found = ground(tmp_path, {"file": labelled(tmp_path / "a.jsonl", range(50)), "dev": dev})
    assert count(found)[:2] == expected
    assert bool([one for one in found.remarks if "no rows to choose on" in one.en]) == (expected[1] == 0)


def test_dev_may_be_a_file(tmp_path):
    train, dev = labelled(tmp_path / "a.jsonl", range(50)), labelled(tmp_path / "b.jsonl", range(45, 60))
    found = ground(tmp_path, {"file": train, "dev": dev})
    assert count(found) == (45, 15, 0)
    assert "stands in the dev rows" in found.listed[0].reason.en


def test_a_method_that_only_continues_text_reads_labels_as_answers(tmp_path):
    found = ground(tmp_path, labelled(tmp_path / "a.jsonl", range(50)), frozenset({"generate"}))
    assert (found.task.kind, found.task.labels) == ("generate", ())
    assert found.practice.train[0].target in ("a", "b")


def test_conversations_and_text_are_open_ended(tmp_path):
    talk = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    talks = write(
        tmp_path / "talks.jsonl", [{"messages": [{**talk[0], "content": sentence(n)}, talk[1]]} for n in range(9)]
    )
    found = ground(tmp_path, talks)
    assert (found.task.kind, count(found)) == ("generate", (9, 0, 0))
    (tmp_path / "book.txt").write_text("\n".join(f"The {sentence(n)}." for n in range(40)))
    found = ground(tmp_path, str(tmp_path / "book.txt"))
    assert (found.practice.train[0].target, count(found)) == (None, (36, 4, 0))


def test_shares_are_of_training_rows_and_the_rest_is_listed(tmp_path):
    own, general = labelled(tmp_path / "own.jsonl", range(50)), labelled(tmp_path / "general.jsonl", range(100, 200))
    found = ground(tmp_path, {"files": [own, {"file": general, "share": 0.2}], "dev": 0})
    assert count(found) == (62, 0, 0)
    assert len(found.listed) == 88
    assert found.listed[0].reason.en == "beyond the share of its file"
    assert found.read == 62 + 88


def test_rows_with_foreign_labels_are_listed(tmp_path):
    found = ground(tmp_path, labelled(tmp_path / "a.jsonl", range(50)), task={"kind": "classify", "labels": ["a", "c"]})
    assert sum(count(found)) == 25
    assert "its label 'b' is not among the task's labels" in found.listed[0].reason.en


def test_no_usable_row_and_too_large_a_dev_are_refused(tmp_path):
    path = labelled(tmp_path / "a.jsonl", range(50))
    with pytest.raises(DataError, match="no row is left to train on"):
        ground(tmp_path, path, task={"kind": "classify", "labels": ["x"]})
    with pytest.raises(DataError, match="50 dev rows leave none of 50"):
        ground(tmp_path, {"file": path, "dev": 50})
    with pytest.raises(DataError, match=r"there is no such file; did you mean 'a.jsonl'"):
        ground(tmp_path, str(tmp_path / "b.jsonl"))


def test_a_table_read_as_plain_text_tells_its_other_columns(tmp_path):
    path = write(tmp_path / "a.jsonl", [{"text": sentence(n), "team": "ab"[n % 2]} for n in range(20)])
    assert [one.en for one in ground(tmp_path, path).remarks if "not read: team" in one.en]
    named = ground(tmp_path, {"file": path, "columns": {"text": "text", "label": "team"}})
    assert named.task.kind == "classify"
    assert not [one for one in named.remarks if "not read" in one.en]
