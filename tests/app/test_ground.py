"""From files to rows a climb stands on: in = used + listed, the task given or guessed, ids that travel."""

from pathlib import Path

import pytest

from taskfit.app.ground import Rows, rows_of
from taskfit.app.task_file import read_climb
from taskfit.core.errors import DataError
from taskfit.core.text import speak


@pytest.fixture(autouse=True)
def _english() -> None:
    speak("en")


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows), encoding="utf-8")
    return path


def rows(count: int, *, word: str = "text", labels: str = "ab") -> list[tuple[str, str]]:
    return [(f"{word} number {n} of many", labels[n % len(labels)]) for n in range(count)]


def ground(train: Path, more: str = "") -> Rows:
    task = train.parent / "task.yaml"
    task.write_text(more if "rows:" in more else f"rows: {train.name}\n{more}", encoding="utf-8")
    found = rows_of(read_climb(task))
    assert found.read == found.used + len(found.listed)
    return found


def test_rows_are_divided_and_each_is_used_or_listed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [*rows(50), ("no label", ""), ("", "a")])
    found = ground(path)
    assert (found.read, found.used, len(found.listed)) == (52, 50, 2)
    assert [(row.line, row.kind) for row in found.listed] == [(52, "unusable"), (53, "unusable")]
    assert (len(found.splits.dev), len(found.splits.test)) == (10, 10)


def test_rows_beyond_a_limit_are_listed_and_drawn_by_the_seed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", rows(100))
    found = ground(path, "max_test: 7\nmax_train: 30\n")
    assert (len(found.splits.train), len(found.splits.test)) == (30, 7)
    reasons = [row.reason.en for row in found.listed]
    assert (reasons.count("beyond max_test: 7"), reasons.count("beyond max_train: 30")) == (13, 30)
    assert {row.kind for row in found.listed} == {"left out"}
    assert ground(path, "max_test: 7\nmax_train: 30\n").splits == found.splits
    other = ground(path, "max_test: 7\nmax_train: 30\nseed: 1\n")
    assert other.splits.test != found.splits.test


def test_rows_with_other_labels_than_the_task_are_listed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", rows(60, labels="abc"))
    found = ground(path, "task: {labels: {a: good, b: bad}}\n")
    assert found.task.label_words == ("good", "bad")
    assert found.task.instruction.endswith("Answer with one of these labels only: good, bad.")
    assert len(found.listed) == 20
    assert found.listed[0].reason.en == "its label 'c' is not among the task's labels"


def test_training_rows_that_stand_in_the_test_file_are_listed(tmp_path: Path) -> None:
    write(tmp_path / "test.csv", rows(12, word="asked"))
    path = write(tmp_path / "train.csv", [*rows(40), *rows(12, word="asked")[:5]])
    found = ground(path, "rows: {train: train.csv, test: test.csv}\n")
    assert (len(found.splits.test), len(found.listed)) == (12, 5)
    assert {row.kind for row in found.listed} == {"left out"}


def test_files_of_one_name_have_different_ids_and_the_way_to_a_file_is_no_part_of_them(tmp_path: Path) -> None:
    write(tmp_path / "test" / "rows.csv", rows(12, word="asked"))
    path = write(tmp_path / "train" / "rows.csv", rows(40))
    found = ground(path, "rows: {train: rows.csv, test: ../test/rows.csv}\n")
    ids = [example.id for side in (found.splits.train, found.splits.dev, found.splits.test) for example in side]
    assert len(set(ids)) == len(ids) == 52
    assert {one.rpartition(":")[0] for one in ids} == {"train/rows.csv", "test/rows.csv"}
    assert {example.id for example in ground(path).splits.train} < {f"rows.csv:{line}" for line in range(2, 42)}


@pytest.mark.parametrize("finding", ["one_label", "unusable", "conflicts", "broken"])
def test_what_stops_a_climb_may_be_accepted(finding: str, tmp_path: Path) -> None:
    content = {
        "one_label": rows(40, labels="a"),
        "unusable": [*rows(40), *[("x", "")] * 10],
        "conflicts": [*rows(40), *[(text, "b" if label == "a" else "a") for text, label in rows(5)]],
        "broken": rows(40),
    }[finding]
    path = write(tmp_path / "a.csv", content)
    if finding == "broken":
        path.write_text(path.read_text() + "a,b,c,d\n")
    with pytest.raises(DataError, match=f"--rows.accept {finding}"):
        ground(path)
    found = ground(path, f"rows: {{train: a.csv, accept: [{finding}]}}\n")
    assert [one.id for one in found.findings if one.severity == "block"] == [finding]


def test_a_task_said_to_be_a_classification_is_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [(f"text number {n} of many", f"kind {n % 15}") for n in range(20)])
    assert ground(path).task.kind == "answer"
    task = ground(path, "task: {kind: classify}\nrows: {train: a.csv, accept: [labels_unseen]}\n").task
    assert (task.kind, len(task.labels), task.metrics) == ("classify", 15, ("accuracy", "macro_f1"))
    assert "kind 0, kind 1" in task.instruction


def test_a_classification_of_everything_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [(f"text number {n} of many", f"kind {n}") for n in range(600)])
    with pytest.raises(DataError, match="600 different targets are too many labels; 500 are the most"):
        ground(path, "task: {kind: classify}\n")


def test_a_closed_set_may_be_asked_for_as_an_open_answer(tmp_path: Path) -> None:
    task = ground(write(tmp_path / "a.csv", rows(40)), "task: {kind: answer}\n").task
    assert (task.kind, task.labels, task.metrics) == ("answer", (), ("exact_match", "char_f1"))
