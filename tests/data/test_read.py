"""Files become Examples: rows in = used + listed, labels are text, columns are found or asked for."""

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.core.errors import DataError
from taskfit.core.example import Message
from taskfit.data.columns import Columns
from taskfit.data.read import read_rows


@pytest.fixture
def write(tmp_path):
    def written(content: str | bytes, name: str = "rows.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        return path

    return written


def alpaca(**fields: object) -> str:
    row = {"instruction": "Add.", "input": "1 and 2", "output": "3", **fields}
    return json.dumps([{name: value for name, value in row.items() if value is not ...}], ensure_ascii=False)


def test_every_row_is_used_or_listed_with_its_line(write):
    reading = read_rows(write('text,label\ngood,1\n,0\nbad,\nragged\n"open,1\nfine,0\n'))
    assert [(example.text, example.target) for example in reading.examples] == [("good", "1"), ("fine", "0")]
    assert [(row.line, row.kind) for row in reading.listed] == [
        (3, "unusable"),
        (4, "unusable"),
        (5, "broken"),
        (6, "broken"),
    ]
    assert reading.facts.rows == 6


def test_says_what_it_read(write):
    path = write("review,star\n" + "这家店的味道很好，我们都吃得很开心,5\n" * 3, "rows.csv")
    path.write_bytes(path.read_text("utf-8").encode("gb18030"))
    facts = read_rows(path).facts
    assert (facts.format, facts.encoding, facts.columns) == ("csv", "gb18030", ("review", "star"))
    assert (facts.roles.text, facts.roles.label, facts.path) == ("review", "star", str(path))
    assert len(facts.sha256) == 64


def test_examples_know_their_line_and_have_different_ids(write):
    reading = read_rows(write('[{"text": "a", "label": 1}, {"text": "b", "label": 2}]', "rows.json"))
    assert [example.origin.line for example in reading.examples] == [1, 1]
    assert len({example.id for example in reading.examples}) == 2


def test_labels_are_the_text_that_stands_in_the_file(write):
    values = ["007", "7", "NA", "null", "None", "True", "1.0", "1", "nan", "1e3"]
    reading = read_rows(write("text,label\n" + "".join(f"row,{value}\n" for value in values)))
    assert [example.target for example in reading.examples] == values
    lines = ['{"text": "a", "label": 1.50}', '{"text": "a", "label": "NA"}', '{"text": "a", "label": false}']
    reading = read_rows(write("\n".join(lines), "rows.jsonl"))
    assert [example.target for example in reading.examples] == ["1.50", "NA", "false"]


def test_null_and_lists_are_listed_never_read_as_text(write):
    rows = [{"text": "a", "label": "x"}, {"text": None, "label": "x"}, {"text": "a", "label": None}, {"text": "a"}]
    rows += [{"text": ["a"], "label": "x"}, {"text": {"a": 1}, "label": "x"}, {"text": "\ud83d", "label": "x"}]
    reading = read_rows(write("\n".join(map(json.dumps, rows)), "rows.jsonl"))
    assert len(reading.examples) == 1
    assert [(row.line, row.reason.en) for row in reading.listed] == [
        (2, "'text' is null, a text is expected"),
        (3, "'label' is null, a text is expected"),
        (4, "the field 'label' is missing"),
        (5, "'text' is a list, a text is expected"),
        (6, "'text' is an object, a text is expected"),
        (7, "'text' holds half a character (a lone surrogate)"),
    ]


def test_columns_may_be_named(write):
    path = write("words,mood,who\ngood,1,ann\nbad,0,bob\n")
    with pytest.raises(DataError) as caught:
        read_rows(path)
    assert "'words', 'mood', 'who'" in str(caught.value)
    assert "--rows.columns.text NAME" in str(caught.value)
    reading = read_rows(path, columns=Columns(text="words", label="mood", group="who"))
    assert [(one.text, one.target, one.group) for one in reading.examples] == [
        ("good", "1", "ann"),
        ("bad", "0", "bob"),
    ]
    with pytest.raises(DataError, match=r"no column 'moot'.*did you mean 'mood'"):
        read_rows(path, columns=Columns(text="words", label="moot"))


@pytest.mark.parametrize(
    ("header", "text", "label"),
    [
        ("label,review", "review", "label"),
        ("Text,Category", "Text", "Category"),
        ("seq,label", "seq", "label"),
        ("id,question,answer", "question", "answer"),
        ("query,intent", "query", "intent"),
        ("内容,标签", "内容", "标签"),
        ("prompt,completion", "prompt", "completion"),
    ],
)
def test_usual_columns_are_found(write, header, text, label):
    width = header.count(",") + 1
    roles = read_rows(write(f"{header}\n" + ",".join("a" * width) + "\n")).facts.roles
    assert (roles.text, roles.label) == (text, label)


def test_alpaca_rows_become_conversations(write):
    row = alpaca(system="Be brief.", history=[["Hi", "Hello"]])
    (example,) = read_rows(write(row, "rows.json")).examples
    assert example.messages == (
        Message("system", "Be brief."),
        Message("user", "Hi"),
        Message("assistant", "Hello"),
        Message("user", "Add.\n1 and 2"),
    )
    assert example.target == "3"


@pytest.mark.parametrize("empty", ["", "<noinput>", "N/A", "None", "无", "没有输入", " - ", None, ...])
def test_placeholders_are_no_input(write, empty):
    (example,) = read_rows(write(alpaca(input=empty), "rows.json")).examples
    assert example.text == "Add."


@pytest.mark.parametrize("history", [None, "", [], [[]], ...])
def test_no_history_may_be_written_in_many_ways(write, history):
    (example,) = read_rows(write(alpaca(history=history, system=None), "rows.json")).examples
    assert len(example.messages) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"output": None}, "'output' is null"),
        ({"output": []}, "'output' is a list"),
        ({"output": 3}, "'output' is a number"),
        ({"output": True}, "'output' is true or false"),
        ({"output": " "}, "'output' is empty"),
        ({"instruction": "", "input": ""}, "'instruction' is empty"),
        ({"history": "yes"}, "'history' is a text"),
        ({"history": [["only question"]]}, "pairs of texts"),
        ({"history": [["a", "b", "c"]]}, "pairs of texts"),
        ({"history": [{"user": "a"}]}, "pairs of texts"),
        ({"history": [["a", None]]}, "pairs of texts"),
    ],
)
def test_alpaca_rows_that_say_nothing_are_told_with_their_field(write, fields, said):
    with pytest.raises(DataError) as caught:
        read_rows(write(alpaca(**fields), "rows.json"))
    assert said in str(caught.value)
    assert "rows.json:1" in str(caught.value)
    assert "none of the 1 rows" in str(caught.value)


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "text,label\n"])
def test_a_file_without_rows_is_refused(write, content):
    with pytest.raises(DataError, match="no rows"):
        read_rows(write(content))


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "rows.csv").write_text("text,label\na,b\n")
    for path, said in (
        ("/dev/zero", "device"),
        (tmp_path, "folder"),
        (tmp_path / "pipe", "pipe"),
        (tmp_path / "row.csv", "did you mean 'rows.csv'"),
        (tmp_path / "none" / "rows.csv", "no folder"),
        (tmp_path / ("x" * 5000), "cannot read"),
        ("rows\0.csv", "cannot read"),
    ):
        with pytest.raises(DataError, match=said):
            read_rows(path)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc, as Linux has it")
def test_a_file_that_changes_while_it_is_read_is_refused():
    # The size that the system tells for this file is never that of its content, as for a file that grows.
    with pytest.raises(DataError, match="changes while it is read"):
        read_rows("/proc/self/status")


def test_errors_speak_chinese(write):
    from taskfit.core.text import speak

    path = write("words,mood\na,b\n")
    speak("zh")
    try:
        with pytest.raises(DataError, match="无法确定哪一列是文本"):
            read_rows(path)
    finally:
        speak("en")


@given(
    st.lists(st.text("ab,\"'\\;\t{}[]:1é好\ufeff\u2028 ", max_size=30), max_size=8),
    st.sampled_from(["rows.csv", "rows.tsv", "rows.json", "rows.jsonl", "rows.txt", "rows"]),
    st.sampled_from(["", "text,label", '{"text": "a", "label": 1}', "text\tlabel"]),
)
@settings(deadline=None, max_examples=150)
def test_rows_in_are_rows_out_or_an_error_of_ours(tmp_path_factory, lines, name, head):
    path = tmp_path_factory.getbasetemp() / name
    path.write_text("\n".join([head, *lines]), encoding="utf-8")
    try:
        reading = read_rows(path)
    except DataError:
        return
    assert len(reading.examples) + len(reading.listed) == reading.facts.rows
    assert len({example.id for example in reading.examples}) == len(reading.examples)


def test_twelve_thousand_rows_are_read_within_a_second(write):
    path = write(
        "text,label\n" + "".join(f'"a sentence, number {n}, of twelve thousand",{n % 9}\n' for n in range(12_000))
    )
    start = time.process_time()
    assert len(read_rows(path).examples) == 12_000
    assert time.process_time() - start < 1
