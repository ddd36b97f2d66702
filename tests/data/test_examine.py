"""Rows go through the checks in chunks: the same in one process and in several, within bounded memory."""

import resource
import sys
from dataclasses import dataclass

import pytest

from doctor_rows import clean, talk
from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.data.check import checks_of
from taskfit.data.checking import Chunk, Means, RowCheck
from taskfit.data.examine import able, chunks_of, conclude, examine, not_run

forks = pytest.mark.skipif(sys.platform != "linux", reason="processes are only forked on Linux")


@dataclass(frozen=True)
class Breaks(RowCheck):
    """Refuses a row, or breaks on it."""

    title = Text("breaks", "出错")
    refuse: bool = True

    def find(self, chunk, means):
        for record in chunk.records:
            if record.prompt == "bad":
                if self.refuse:
                    raise DataError(Text("a bad row", "坏行"), where=str(record.origin))
                raise ValueError("a bug")
        return ()

    def finish(self, part, whole):
        yield from ()


def test_chunks_hold_so_many_rows_and_fewer_where_rows_are_long():
    sizes = [(len(chunk.records), chunk.start) for chunk in chunks_of(clean(10), 4)]
    assert sizes == [(4, 0), (4, 4), (2, 8)]
    long = [talk(n, "x" * 5_000_000, "y") for n in range(4)]
    assert [len(chunk.records) for chunk in chunks_of(long)] == [2, 2]


def test_shared_features_are_computed_once():
    calls = []

    def feature(chunk):
        calls.append(chunk)
        return len(chunk.records)

    chunk = Chunk(clean(3))
    assert (chunk.shared(feature), chunk.shared(feature), len(calls)) == (3, 3, 1)


def test_checks_that_need_more_than_rows_are_left_out_with_the_reason():
    checks = checks_of()
    assert "token_lengths" in not_run(checks, Means())
    assert "--model" in not_run(checks, Means())["token_lengths"].en
    given = Means(tokens=lambda texts: [len(text) for text in texts], window=100)
    assert "token_lengths" not in not_run(checks, given)
    assert "token_lengths" not in able(checks, Means())


@forks
def test_what_a_child_refuses_is_told_by_the_parent():
    rows = [*clean(8), talk(1, "bad", "row"), *clean(8)]
    with pytest.raises(DataError, match=r"rows.jsonl:1: a bad row"):
        examine(chunks_of(rows, 4), {"breaks": Breaks()}, Means(), processes=2)


@forks
def test_a_child_that_dies_is_a_bug_and_not_silence(capfd):
    rows = [*clean(8), talk(1, "bad", "row")]
    with pytest.raises(RuntimeError, match="ended with code 1"):
        examine(chunks_of(rows, 4), {"breaks": Breaks(refuse=False)}, Means(), processes=2)
    assert "a bug" in capfd.readouterr().err


@forks
def test_memory_does_not_grow_with_the_rows():
    checks = able(checks_of(only=["characters", "repetition", "refusals", "languages", "length_outliers"]), Means())

    def many(count):
        for n in range(count):
            yield talk(n, f"what is number {n}, and why is it so? " * 10, f"it is the number after {n - 1}. " * 20)

    def peak(count):
        seen = examine(chunks_of(many(count), 500), checks, Means(), processes=2)
        assert seen.rows == count
        assert conclude(seen, checks, Means())
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    first = peak(4_000)
    # 16,000 more rows of 1 KB would be at least 16 MB
    assert peak(20_000) - first < 10_000
