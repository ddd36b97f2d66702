"""The doctor: each kind of trouble is found, named and placed; clean rows are left alone."""

import pytest

from taskfit.core.errors import DataError
from taskfit.core.example import Splits, example_of
from taskfit.core.text import Text
from taskfit.data.check import check_leakage, check_rows, check_splits
from taskfit.data.doctor.characters import is_mojibake
from taskfit.data.doctor.conflicts import conflicts_in
from taskfit.data.finding import Rows, refuse_blocked
from taskfit.data.read import ListedRow, read_rows

NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def clean(count: int = 60):
    def text(n: int) -> str:
        digits = [NUMBERS[int(digit)] for digit in f"{n * 7919 % 99_991:05d}"]
        return "row of " + " ".join(digits)

    return [example_of(text(n), ("good", "bad")[n % 2], number=n + 2, file="rows.csv") for n in range(count)]


def found(examples, **kinds):
    return {one.id: one for one in check_rows(Rows(tuple(examples), **kinds))}


def test_clean_rows_have_no_findings():
    assert found(clean()) == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("lost \ufffd character", "damaged_characters"),
        ("锟斤拷锟斤拷", "damaged_characters"),
        ("cafÃ© au lait", "mojibake"),
        ("这家店很好吃".encode().decode("gb18030"), "mojibake"),
        ("in\u200bvisible", "invisible_characters"),
        ("hidden \U000e0041\U000e0042", "invisible_characters"),
        ("turned \u202e around", "turning_characters"),
        ("bell \x07", "control_characters"),
        ("hello <|im_start|>system", "special_tokens"),
        ("[INST] hello", "special_tokens"),
        ("x" * 9000, "long_rows"),
    ],
)
def test_odd_texts_are_found_where_they_stand(text, name):
    findings = found([*clean(), example_of(text, "good", number=99, file="rows.csv")])
    assert findings[name].places == ("rows.csv:99",)
    assert findings[name].severity == "warn"


@pytest.mark.parametrize(
    "text", ["这家店很好吃", "café au lait", "ÄÖÜ", "很好👨‍👩‍👧", "naïve – “quoted”", "你好", "Ã", "한국어 좋아요"]
)
def test_sound_texts_are_no_mojibake(text):
    assert not is_mojibake(text)


def test_conflicts_give_the_bound_on_accuracy():
    examples = [*clean(), *(example_of("the same", label, number=n) for n, label in enumerate(("good", "bad", "Good")))]
    examples += [example_of("The same!", "good", number=9)]
    counted = conflicts_in(examples)
    # four rows of one text, two of them "good": two must be wrong
    assert (counted.texts, len(counted.rows), counted.wrong) == (1, 4, 2)
    finding = found(examples)["conflicts"]
    assert (finding.severity, finding.count) == ("block", 1)
    assert f"{2 / 64:.2%}" in finding.what.en


def test_duplicates_and_near_duplicates_are_counted():
    rows = clean()
    again = example_of(rows[0].text.upper(), rows[0].target, number=99, file="rows.csv")
    near = example_of(rows[1].text + " s", rows[1].target, number=100, file="rows.csv")
    findings = found([*rows, again, near])
    assert (findings["duplicates"].count, findings["duplicates"].places) == (1, ("rows.csv:99",))
    assert findings["near_duplicates"].places == (str(rows[1].origin), "rows.csv:100")


def test_label_trouble_is_found():
    rows = clean()
    assert "'good' = 'good '" in found([*rows, *_labelled(["good ", "good "])])["label_variants"].what.en
    assert found(_labelled(["x"] * 40))["one_label"].severity == "block"
    assert found([*rows, *_labelled(["rare"] * 3)])["rare_labels"].count == 1
    assert "95% of the rows" in found(_labelled(["a"] * 190 + ["b"] * 10))["uneven_labels"].what.en
    assert found(_labelled([f"id-{n}" for n in range(50)]))["label_is_id"].count == 50


def test_listed_rows_are_reported_and_broken_ones_block(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(
        "text,label,extra\n" + "".join(f"{one.text},{one.target},1\n" for one in clean()) + '"torn,good,1\n,good,1'
    )
    findings = {one.id: one for one in check_rows(read_rows(path))}
    assert (findings["broken"].severity, findings["broken"].places) == ("block", (f"{path}:62",))
    assert (findings["unusable"].severity, findings["unusable"].count) == ("warn", 1)
    assert (findings["unused_columns"].severity, findings["unused_columns"].count) == ("info", 1)
    assert [one.severity for one in check_rows(read_rows(path))] == ["block", "warn", "info"]
    with pytest.raises(DataError, match=r"broken: 1 of 62 rows cannot be read.*rows.csv:62"):
        refuse_blocked(findings.values())


def test_many_unusable_rows_block():
    listed = tuple(ListedRow("f", n, Text("'label' is empty", "")) for n in range(20))
    assert found(clean(), listed=listed)["unusable"].severity == "block"
    refuse_blocked(found(clean(), listed=listed[:2]).values())


def test_leakage_between_given_files_is_counted():
    train, test = clean(60), [example_of(f"quite other words {n * 7919}", "good", number=n, file="t") for n in range(5)]
    assert check_leakage(train, test) == ()
    test += [
        example_of(train[0].text, "good", number=50, file="t"),
        example_of(train[1].text + "!", "good", number=51, file="t"),
    ]
    test += [example_of(train[2].text + " s", "good", number=52, file="t")]
    counts = {one.id: (one.count, one.places) for one in check_leakage(train, test)}
    assert counts == {
        "leaked_rows": (2, ("t:50", "t:51")),
        "nearly_leaked_rows": (1, ("t:52",)),
        "leaked_conflicts": (1, ("t:51",)),
    }


def test_labels_that_a_side_lacks_are_named():
    rows = clean(60)
    only_train, only_test = _labelled(["train only"] * 3), _labelled(["test only"] * 3, start=50)
    splits = Splits((*rows[:40], *only_train), tuple(rows[40:50]), (*rows[50:], *only_test))
    findings = {one.id: one for one in check_splits(splits)}
    assert findings["labels_unseen"].severity == "block"
    assert "'test only'" in findings["labels_unseen"].what.en
    assert "'train only'" in findings["labels_untested"].what.en
    assert findings["small_test"].count == 13


def test_very_few_rows_are_said():
    rows = clean(20)
    assert [one.id for one in check_splits(Splits(tuple(rows[:12]), tuple(rows[12:16]), tuple(rows[16:])))] == [
        "few_rows"
    ]


def _labelled(labels, start=0):
    words = [
        NUMBERS[n % 10] + NUMBERS[n // 10 % 10] + NUMBERS[n // 100 % 10] for n in range(start, start + len(labels))
    ]
    return [
        example_of(f"{word} {word[::-1]} labelled", label, number=n + 1000, file="rows.csv")
        for n, (word, label) in enumerate(zip(words, labels, strict=True))
    ]
