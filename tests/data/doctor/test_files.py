"""Checks of files, tokens and labels: what is listed, mended, lost, too long, written in two ways."""

from doctor_rows import clean, found, labelled, lines, talk
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.columns import Columns
from taskfit.data.doctor.token_lengths import AROUND_A_TURN
from taskfit.data.examine import Aside
from taskfit.data.read import FileFacts, ListedRow


def facts(rows, encoding="utf-8"):
    return FileFacts("f.jsonl", "jsonl", encoding, rows, "0" * 64, ("a",), Columns())


def test_listed_and_mended_rows_are_told_by_kind():
    listed = [ListedRow("f", n, Text("empty", "空")) for n in range(3)]
    broken = [ListedRow("f", 9, Text("torn", "残缺"), "{", "broken")]
    repaired = [ListedRow("f", 4, Text("a placeholder", "占位符"), "", "repaired")]
    findings = found("listed_rows", clean(40), beside=Aside([*listed, *broken], (), repaired))
    told = {name: (one.severity, one.count, lines(one)) for name, one in findings.items()}
    assert told == {
        "broken": ("block", 1, [9]),
        "unusable": ("warn", 3, [0, 1, 2]),
        "repaired": ("info", 1, [4]),
    }
    assert found("listed_rows", clean(40), beside=Aside(listed), most_unusable=0.01)["unusable"].severity == "block"


def test_a_lost_row_is_our_mistake_and_blocks():
    listed = [ListedRow("f", 1, Text("empty", "空"))]
    assert found("all_rows", clean(9), beside=Aside(listed, [facts(10)])) == {}
    lost = found("all_rows", clean(9), beside=Aside(listed, [facts(12)]))["rows_lost"]
    assert (lost.severity, lost.count) == ("block", 2)
    assert "gb18030" in found("all_rows", clean(9), beside=Aside((), [facts(9, "gb18030")]))["encoding"].what.en


def words(texts):
    return [len(text.split()) for text in texts]


def test_rows_over_the_length_and_lost_answers_are_counted():
    means = Means(tokens=words, window=50)
    rows = [talk(n, "what is it", "it is that") for n in range(60)]
    rows += [talk(n, "what is it", "long " * 50) for n in range(100, 104)]
    # the answer alone would fit, but nothing of it is left behind the question
    rows += [talk(200, "long " * 60, "it is that")]
    findings = found("token_lengths", rows, means)
    assert (findings["over_length"].severity, lines(findings["over_length"])) == ("warn", [100, 101, 102, 103, 200])
    assert (findings["answer_lost"].severity, lines(findings["answer_lost"])) == ("block", [200])
    assert f"--max-length {64 * -(-(60 + 3 + 2 * AROUND_A_TURN) // 64)}" in findings["over_length"].what.en
    assert found("token_lengths", rows[:60], means) == {}
    assert found("token_lengths", rows, means, block=0.05)["over_length"].severity == "block"


def test_labels_in_two_forms_are_merged_into_the_frequent_one():
    rows = [labelled(n, f"text {n}", ("good", "bad")[n % 2]) for n in range(60)]
    assert found("label_forms", rows) == {}
    rows += [labelled(n, f"more {n}", ("Good", "bad。")[n % 2]) for n in range(60, 64)]
    finding = found("label_forms", rows)["label_variants"]
    assert finding.fix == {"merge_labels": {"names": {"Good": "good", "bad。": "bad"}}}
    assert (finding.count, finding.touched) == (4, 64)


def test_rare_and_uneven_labels_are_told():
    rows = [labelled(n, f"text {n}", "a") for n in range(300)] + [labelled(n, f"x {n}", "b") for n in range(300, 325)]
    assert set(found("label_counts", rows)) == {"uneven_labels"}
    rows += [labelled(n, f"y {n}", "稀有") for n in range(400, 403)]
    rare = found("label_counts", rows)["rare_labels"]
    assert (rare.count, rare.touched, lines(rare)) == (1, 3, [400, 401, 402])


def test_fields_that_nobody_reads_are_named():
    rows = [talk(1, "a", "b", extra={"source": "x", "id": 1}), talk(2, "a", "b", extra={"score": 2})]
    finding = found("unused_columns", rows)["unused_columns"]
    assert finding.what.en == "columns that are not used: 'source', 'score'"
