"""Planted leaks are found: whole, with edits, inside longer rows, by hashes alone; and clean rows are left in peace."""

import json
import random

import pytest

from taskfit.core.errors import DataError
from taskfit.core.example import Message, Origin, example_of
from taskfit.data.check import checks_of
from taskfit.data.checking import Means
from taskfit.data.examine import chunks_of, conclude, examine
from taskfit.data.hashed import hashed, read_hashed, write_hashed
from taskfit.data.passages import passages, words_in
from taskfit.data.read import read_rows
from taskfit.data.record import Record, record_of

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


def found_in(rows, means, *names):
    checks = checks_of(only=names)
    return {one.id: one for one in conclude(examine(chunks_of(rows, 97), checks, means), checks, means)}


def rows_of(texts, *, file="train", label="x"):
    return [record_of(example_of(text, label, number=n, file=file)) for n, text in enumerate(texts, 1)]


def english(draw, words=30):
    return " ".join(f"{draw.choice(WORDS)}{draw.randrange(300)}" for _ in range(words))


def chinese(draw, characters=60):
    return "".join(draw.choices(HANZI, k=characters))


@pytest.mark.parametrize("write", [english, chinese])
def test_leaks_are_found_however_they_were_written(write):
    draw = random.Random(1)
    test = [write(draw) for _ in range(300)]
    clean = [write(draw) for _ in range(1000)]
    exact = [f"“{text.upper()}” !" for text in test[:40]]
    near = [text[: len(text) // 2] + "zz" + text[len(text) // 2 + 1 :] for text in test[40:80]]
    inside = [write(draw) + " " + text[: int(0.8 * len(text))] + " " + write(draw) for text in test[80:120]]
    train = draw.sample(clean + exact + near + inside, len(clean) + 120)
    found = found_in(rows_of(train), Means(test=rows_of(test, file="test")), "leaked_test")
    assert {name: one.count for name, one in found.items()} == {
        "leaked_rows": 40,
        "nearly_leaked_rows": 40,
        "leaked_passages": 40,
    }
    assert all(one.severity == "block" for one in found.values())
    assert found["leaked_rows"].fix == {"drop_leaked": {"test": "test", "similar": 0.8}}
    first = found["leaked_rows"].examples[0]
    assert first.excerpt.endswith("= test:1")
    assert first.place == f"train:{train.index(exact[0]) + 1}"
    assert found_in(rows_of(clean), Means(test=rows_of(test)), "leaked_test") == {}


def test_an_instruction_that_all_rows_share_is_no_leak():
    draw = random.Random(2)
    asked = "Decide whether the following review of a restaurant is positive or negative, answer briefly, and do not explain: "
    test, train = ([asked + english(draw, 12) for _ in range(60)] for _ in range(2))
    assert found_in(rows_of(train), Means(test=rows_of(test)), "leaked_test") == {}


def test_answers_that_differ_are_counted():
    texts = ["a question that stands here and there", "another one"]
    means = Means(test=[*rows_of(texts[:1], label="y"), *rows_of(texts[1:])])
    found = found_in(rows_of(texts), means, "leaked_test")
    assert "1 of them with another answer" in found["leaked_rows"].what.en


def test_hashes_alone_find_the_rows_of_a_test_set(tmp_path):
    draw = random.Random(3)
    test = [english(draw) for _ in range(200)]
    write_hashed(hashed("a test", rows_of(test)), tmp_path / "test.json")
    assert not any(word in (tmp_path / "test.json").read_text(encoding="utf-8") for word in ("refund", "payment"))
    train = [english(draw) for _ in range(300)] + test[:9] + [f"{english(draw)} {text} again" for text in test[9:20]]
    found = found_in(rows_of(train), Means(known=[read_hashed(tmp_path / "test.json")]), "known_tests")
    assert found["known_test_rows"].count == 20
    assert "9 of them whole" in found["known_test_rows"].what.en
    assert found_in(rows_of(train[:300]), Means(known=[read_hashed(tmp_path / "test.json")]), "known_tests") == {}


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-20], lambda text: text.replace("a test", "b test"), lambda _: "[]"]
)
def test_a_changed_file_of_hashes_is_refused(tmp_path, spoil):
    file = tmp_path / "test.json"
    write_hashed(hashed("a test", rows_of(["one two three"])), file)
    file.write_text(spoil(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DataError, match="taskfit data hash"):
        read_hashed(file)


def test_hashes_are_the_same_on_every_machine(tmp_path):
    file = tmp_path / "test.json"
    write_hashed(hashed("a test", rows_of(["one two three"])), file)
    assert json.loads(file.read_text(encoding="utf-8"))["keys"] == ["4b77f55f462800f8"]


def test_passages_are_runs_of_words_within_one_text():
    found = passages(words_in(["a b c d", "b c d e f", "一二三"]), 3)
    assert found.rows.tolist() == [0, 0, 1, 1, 1, 2]
    assert found.hashes[1] == found.hashes[2]
    assert len(set(found.hashes.tolist())) == 5
    assert len(passages(words_in(["a b"]), 3).hashes) == 0


def test_a_conversation_that_shows_its_last_question_is_told():
    def talk(number, *turns):
        roles = ("user", "assistant")
        messages = tuple(Message(roles[place % 2], words) for place, words in enumerate(turns))
        return Record(f"r:{number}", Origin("r", number), messages)

    question = "How far is it from Denver to Aspen by the old road?"
    rows = [
        talk(1, question, "Far", question.upper(), "Far"),
        talk(2, "What is an atom?", "Small", question, "Far"),
        talk(
            3,
            question,
            "Far",
            "What is it?",
            "A road",
            "How far is it from Denver to Aspen by the old road now?",
            "Far",
        ),
        talk(4, question, "Far"),
    ]
    found = found_in(rows, Means(), "shown_answers")["shown_answers"]
    assert (found.count, found.severity, found.places) == (2, "warn", ("r:1", "r:3"))
    found = found_in(rows[1:2], Means(test=rows), "shown_answers")
    assert found["shown_test_answers"].severity == "block"
    assert "shown_answers" not in found


def test_banking77_has_29_test_rows_in_train(shared_data):
    train, test = (
        [record_of(one) for one in read_rows(shared_data / "banking77" / f"{name}.csv").examples]
        for name in ("train", "test")
    )
    found = found_in(train, Means(test=test, known=[hashed("banking77", test)]), "leaked_test", "known_tests")
    assert found["leaked_rows"].count == 29
    assert "1 of them with another answer" in found["leaked_rows"].what.en
    assert found["nearly_leaked_rows"].count > 50
    assert "29 of them whole" in found["known_test_rows"].what.en
