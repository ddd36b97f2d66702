"""`taskfit data split`: parts on disk that stay as they are when rows are added."""

import csv

import pytest

from taskfit.app.data.split import SplitSettings, split
from taskfit.core.errors import UsageError
from taskfit.data.read_records import read_records


def write(path, numbers):
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        rows.writerows([f"review {n * 7919} of dish {n * 104729 % 99991}", "good" if n % 3 else "bad"] for n in numbers)


def sides(folder):
    return {
        record.prompt: side
        for side in ("train", "dev", "test")
        for record in read_records(folder / f"{side}.csv").records
    }


def test_every_row_is_in_one_part_and_stays_there_when_rows_come(tmp_path):
    file = tmp_path / "rows.csv"
    write(file, range(300))
    first = split(str(file), SplitSettings(out=str(tmp_path / "a")))
    assert sum(first.rows.values()) == 300
    assert first.written["test"].path == tmp_path / "a" / "test.csv"
    write(file, reversed(range(600)))
    split(str(file), SplitSettings(out=str(tmp_path / "b")))
    before, after = sides(tmp_path / "a"), sides(tmp_path / "b")
    assert len(after) == 600
    assert all(after[text] == side for text, side in before.items())


def test_an_earlier_split_with_another_seed_is_kept(tmp_path):
    file = tmp_path / "rows.csv"
    write(file, range(200))
    split(str(file), SplitSettings(out=str(tmp_path / "a"), seed=5))
    write(file, range(220))
    split(str(file), SplitSettings(out=str(tmp_path / "b"), seed=0, before=str(tmp_path / "a")))
    before, after = sides(tmp_path / "a"), sides(tmp_path / "b")
    assert all(after[text] == side for text, side in before.items())


def test_shares_that_leave_nothing_to_train_are_refused(tmp_path):
    with pytest.raises(UsageError, match="leave no rows for train"):
        split("rows.csv", SplitSettings(dev=0.5, test=0.5))


def test_a_folder_without_a_split_is_told(tmp_path):
    file = tmp_path / "rows.csv"
    write(file, range(20))
    with pytest.raises(UsageError, match="no train, dev or test file"):
        split(str(file), SplitSettings(out=str(tmp_path / "b"), before=str(tmp_path)))
