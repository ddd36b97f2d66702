"""Real public data sets are read whole, and their known faults are found."""

import time

import pytest

from taskfit.core.errors import DataError
from taskfit.data.check import check_leakage, check_rows
from taskfit.data.guess import guess_task
from taskfit.data.read import read_rows
from taskfit.data.split import given_splits, split_rows


def counts(findings):
    return {one.id: one.count for one in findings}


@pytest.mark.parametrize(
    ("file", "format", "used", "listed", "labels"),
    [
        ("banking77/train.csv", "csv", 10_003, 0, 77),
        ("banking77/test.csv", "csv", 3_080, 0, 77),
        ("waimai_10k/waimai_10k.csv", "csv", 11_987, 0, 2),
        ("thucnews_20k/dev.txt", "labelled_text", 10_000, 0, 10),
        ("sst/stsa.binary.train", "labelled_text", 6_920, 0, 2),
        ("sst/stsa.fine.dev", "labelled_text", 1_101, 0, 5),
        ("trec/TREC.test.all", "labelled_text", 500, 0, 6),
        ("alpagasus/random_9k.json", "json", 9_225, 4, None),
        ("llamafactory_demo/alpaca_zh_demo.json", "json", 1_000, 0, None),
    ],
)
def test_public_files_are_read_whole(shared_data, file, format, used, listed, labels):
    reading = read_rows(shared_data / file)
    assert (reading.facts.format, len(reading.examples), len(reading.listed)) == (format, used, listed)
    task = guess_task(reading.examples)
    assert (len(task.labels) or None) == labels
    assert (task.kind == "classify") == (labels is not None)


def test_trec_has_one_line_that_is_not_utf8(shared_data):
    path = shared_data / "trec" / "TREC.train.all"
    with pytest.raises(DataError, match=r"TREC.train.all:66: .*latin-1"):
        read_rows(path)
    reading = read_rows(path, encoding="latin-1")
    assert (len(reading.examples), reading.facts.encoding) == (5_452, "latin-1")


def test_banking77_has_29_test_rows_in_train(shared_data):
    train, test = (read_rows(shared_data / "banking77" / f"{name}.csv").examples for name in ("train", "test"))
    found = counts(check_leakage(train, test))
    assert found["leaked_rows"] == 29
    assert found["leaked_conflicts"] == 1
    assert found["nearly_leaked_rows"] > 50
    assert counts(check_rows(read_rows(shared_data / "banking77" / "train.csv")))["duplicates"] == 32
    given = given_splits(train, test=test, seed=0)
    assert given.splits.test == test
    assert len(given.splits.train) + len(given.splits.dev) + len(given.listed) == len(train)
    assert check_leakage((*given.splits.train, *given.splits.dev), test) == ()


def test_waimai_has_70_duplicates_and_19_conflicts(shared_data):
    found = counts(check_rows(read_rows(shared_data / "waimai_10k" / "waimai_10k.csv")))
    assert (found["duplicates"], found["conflicts"]) == (70, 19)


def test_thucnews_has_lost_characters(shared_data):
    assert counts(check_rows(read_rows(shared_data / "thucnews_20k" / "dev.txt")))["damaged_characters"] == 33


def test_chinese_files_in_gb18030_are_recognised(shared_data, tmp_path):
    for file in ("waimai_10k/waimai_10k.csv", "thucnews_20k/dev.txt"):
        copy = tmp_path / file.rpartition("/")[2]
        text = (shared_data / file).read_text("utf-8")
        copy.write_bytes(text.encode("gb18030"))
        reading = read_rows(copy)
        assert reading.facts.encoding == "gb18030"
        assert [one.messages for one in reading.examples] == [
            one.messages for one in read_rows(shared_data / file).examples
        ]


def test_twelve_thousand_reviews_are_read_and_split_in_seconds(shared_data):
    start = time.process_time()
    reading = read_rows(shared_data / "waimai_10k" / "waimai_10k.csv")
    assert time.process_time() - start < 1
    splits = split_rows(reading.examples, seed=0)
    assert time.process_time() - start < 6
    assert (len(splits.train), len(splits.dev), len(splits.test)) == (8_987, 1_000, 2_000)
    assert check_leakage((*splits.train, *splits.dev), splits.test) == ()
