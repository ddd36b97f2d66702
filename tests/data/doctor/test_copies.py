"""Planted copies are found, of every kind and in both languages; what only looks alike is left."""

import random
from itertools import pairwise

import pytest

from taskfit.core.example import Message, Origin, example_of
from taskfit.data.check import checks_of
from taskfit.data.checking import Means
from taskfit.data.examine import chunks_of, conclude, examine
from taskfit.data.normal import normal
from taskfit.data.read import read_rows
from taskfit.data.record import Record, record_of
from taskfit.data.said import masked

WORDS = [
    "the",
    "card",
    "payment",
    "refund",
    "arrived",
    "never",
    "late",
    "order",
    "please",
    "help",
    "account",
    "money",
    "transfer",
    "today",
    "balance",
    "top",
]
HANZI = "这家店的味道很好我们都吃得开心下次还会来送餐太慢了菜也不热不点外卖小哥态度分量足价格便宜"


def found_in(rows, **changes):
    checks = checks_of(only=["copies"], changes={f"copies.{key}": value for key, value in changes.items()})
    return {one.id: one for one in conclude(examine(chunks_of(rows, 97), checks, Means()), checks, Means())}


def rows_of(texts, labels=None):
    labels = labels or ["x"] * len(texts)
    return [
        record_of(example_of(text, label, number=n))
        for n, (text, label) in enumerate(zip(texts, labels, strict=True), 1)
    ]


def said(number, text, answer, group=None):
    return Record(
        f"r:{number}", Origin("r", number), (Message("user", text), Message("assistant", answer)), group=group
    )


def english(draw):
    return " ".join(f"{draw.choice(WORDS)}{draw.choice(WORDS)}" for _ in range(12))


def chinese(draw):
    return "".join(draw.choices(HANZI, k=70))


def edited(draw, text):
    """The text with one character changed: its similarity stays above 0.8."""
    at = draw.randrange(len(text))
    return text[:at] + "q" + text[at + 1 :]


@pytest.mark.parametrize("write", [english, chinese])
def test_planted_copies_are_found(write):
    draw = random.Random(1)
    base = [write(draw) for _ in range(1000)]
    exact = [f"  {text.upper()}！" for text in draw.sample(base, 100)]
    near = [edited(draw, text) for text in draw.sample(base, 100)]
    found = found_in(rows_of([*base, *exact, *near]))
    assert found["exact_copies"].count == 100
    assert set(found["exact_copies"].places) == {f"memory:{n}" for n in range(1001, 1101)}
    # Of 100 planted pairs at least 95; each pair is two rows.
    assert 190 <= found["near_copies"].count <= 200
    assert found["group_split"].severity == "warn"
    assert found_in(rows_of(base)) == {}


def test_the_largest_clusters_are_shown_first():
    draw = random.Random(2)
    base = [english(draw) for _ in range(300)]
    texts = [*base, edited(draw, base[0]), *(base[9] + tail for tail in ("a", "bb", "cc"))]
    found = found_in(rows_of(texts))["near_copies"]
    assert [one.place for one in found.examples] == ["memory:10", "memory:302", "memory:303", "memory:1", "memory:301"]
    assert "2 clusters; the largest has 4" in found.what.en


def test_an_answer_belongs_to_what_an_open_row_says():
    rows = [
        said(1, "Tell me a story.", "Once there was a king."),
        said(2, "tell me a story", "A fox ran."),
        said(3, "Tell me a story", "A fox ran!"),
    ]
    found = found_in(rows)
    assert found["exact_copies"].places == ("r:3",)
    assert (found["several_answers"].count, found["several_answers"].touched) == (1, 3)
    assert found["several_answers"].severity == "info"


def test_rows_of_one_template_are_told_apart_from_near_copies():
    draw = random.Random(3)
    rows = rows_of(
        [english(draw) for _ in range(50)] + [f"How far is it to town {n} by road {n * 7}?" for n in range(20)]
    )
    found = found_in(rows)["number_copies"]
    assert (found.count, found.severity) == (20, "warn")
    assert found.fix == {"cap_cluster": {"most": 5}}
    assert masked("2009年2月28日 {name} 三个人") == masked("1999年12月1日 {city} 五个人")
    assert masked("road 7") != masked("street 7")


def test_near_copies_with_different_labels_conflict():
    draw = random.Random(4)
    base = [english(draw) for _ in range(60)]
    texts = [*base, base[0] + "q", base[1] + "q", base[2]]
    labels = ["x"] * 60 + ["y", "x", "y"]
    found = found_in(rows_of(texts, labels))["near_conflicts"]
    assert (found.count, found.places) == (2, ("memory:1", "memory:61"))


def test_groups_that_a_random_split_would_tear_are_told():
    draw = random.Random(5)
    rows = [said(n, english(draw), english(draw), group=f"user {n % 40}") for n in range(200)]
    assert "the largest group has 5 rows" in found_in(rows)["group_split"].what.en
    assert found_in([said(n, english(draw), english(draw), group=f"user {n}") for n in range(200)]) == {}


def test_the_copies_of_public_sets(shared_data):
    found = found_in([record_of(one) for one in read_rows(shared_data / "waimai_10k" / "waimai_10k.csv").examples])
    assert found["exact_copies"].count == 51
    assert "70 ask what one asks" in found["exact_copies"].what.en
    found = found_in([record_of(one) for one in read_rows(shared_data / "banking77" / "train.csv").examples])
    assert "32 ask what one asks" in found["exact_copies"].what.en
    assert found["near_copies"].count > 200


def test_revisions_of_a_law_are_one_cluster(shared_data):
    files = sorted((shared_data / "laws_zh").rglob("*.md"))
    rows = [Record(file.name, Origin(str(file), 1), text=file.read_text(encoding="utf-8")) for file in files]
    grams = {}
    for row in rows:
        text = normal(row.text)
        grams[row.id] = {text[at : at + 5] for at in range(len(text) - 4)}
    revised = [(one.id, other.id) for one, other in pairwise(rows) if one.id.split("(")[0] == other.id.split("(")[0]]
    alike = {pair: len(grams[pair[0]] & grams[pair[1]]) / len(grams[pair[0]] | grams[pair[1]]) for pair in revised}
    assert len(revised) >= 38
    # Laws are long: of each 512 of its grams are compared, so 0.05 on both sides are three standard errors.
    sure = {name for pair, share in alike.items() if share >= 0.85 for name in pair}
    possible = {name for pair, share in alike.items() if share >= 0.75 for name in pair}
    assert len(sure) >= 20
    shown = {one.id for one in found_in(rows)["near_copies"].examples}
    assert sure <= shown <= possible
