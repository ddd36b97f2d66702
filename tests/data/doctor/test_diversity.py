"""Checks of the whole set: topics, the variety of words."""

import random

from taskfit.core.example import Message, Origin
from taskfit.data.check import checks_of
from taskfit.data.checking import Means
from taskfit.data.examine import chunks_of, conclude, examine
from taskfit.data.record import Record

LETTERS = random.Random(5)
WORDS = ["".join(LETTERS.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(4096)]


def talk(number, asked, told="yes"):
    return Record(f"r:{number}", Origin("r", number), (Message("user", asked), Message("assistant", told)))


def found(rows, name, **thresholds):
    checks = checks_of(("always", "full"), {f"{name}.{key}": value for key, value in thresholds.items()}, only=(name,))
    seen = examine(chunks_of(rows, 300), checks, Means())
    return {one.id: one for one in conclude(seen, checks, Means())}


def varied(count, seed=0):
    dice = random.Random(seed)
    return [talk(n, " ".join(dice.choices(WORDS, k=12)), " ".join(dice.choices(WORDS, k=12))) for n in range(count)]


def test_one_topic_that_fills_the_set_is_told_and_many_are_only_counted():
    rows = varied(1500)
    assert found(rows, "topics")["topics"].severity == "info"
    same = [talk(2000 + n, f"please write a short poem about the colour of a {WORDS[n % 3]}") for n in range(1500)]
    one = found([*rows, *same], "topics", clusters="5")["topics"]
    assert one.severity == "warn"
    assert one.fix == {"cap_cluster": {"most": 5}}
    assert "the largest has" in one.what.en
    assert "最大主题占" in one.what.zh


def test_few_rows_are_not_judged():
    assert found(varied(100), "topics") == {}
    assert found(varied(100), "variety") == {}


def test_repeated_wording_is_told_by_compression_and_varied_rows_are_not():
    rows = varied(3000)
    assert "compressible" not in found(rows, "variety")
    same = [
        talk(n, f"please tell me everything about item number {n}", "here is everything about it " * 4)
        for n in range(3000)
    ]
    assert found(same, "variety")["compressible"].severity == "warn"
    words = found(rows, "variety")["words_en"]
    # 4,096 words drawn evenly are worth 12 bits; a stretch of 10,000 of them shows 11.8, and 0.37 of it are new words.
    assert "distinct 1-, 2-, 3-grams 0.37, 1.00, 1.00" in words.what.en
    assert "11.7 bits" in words.what.en
