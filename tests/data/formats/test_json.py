"""JSON and JSONL: every broken line is told with its reason, numbers keep their digits."""

import pytest

from taskfit.core.errors import DataError
from taskfit.data.formats import json, jsonl
from taskfit.data.rows import BadRow, RawRow, Source


def lines(text: str):
    return jsonl.read(Source("rows.jsonl", text.encode("utf-8", "surrogatepass")))


def reasons(table):
    return {row.line: row.reason.en for row in table.rows if isinstance(row, BadRow)}


GOOD = '{"text": "a", "label": "b"}\n'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("null", "this is null"),
        ("42", "this is a number"),
        ('"x"', "this is a text"),
        ("[1, 2]", "this is a list"),
        ("true", "this is true or false"),
        ('{"text": NaN}', "NaN is not JSON"),
        ('{"text": -Infinity}', "-Infinity is not JSON"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('{"a": {"b": 1, "b": 2}}', "the key 'b' stands twice"),
        ("{'text': 'a'}", "Python dict"),
        ("<<<<<<< HEAD", "conflict mark"),
        ("// note", "comment"),
        (GOOD.strip() + ",", "a comma after the object"),
        (GOOD.strip() * 2, "several objects"),
        ('{"text": "a" "label"}', "not JSON at column 14"),
        ('{"a": ' + "9" * 6000 + "}", "beyond any use"),
        ('{"a": 1e999}', "beyond any use"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 20_000 + "1" + "}" * 20_000, "nested too deeply"),
    ],
)
def test_names_the_line_and_the_reason(line, reason):
    table = lines(GOOD * 4 + line + "\n" + GOOD)
    assert list(reasons(table)) == [5]
    assert reason in reasons(table)[5]
    assert len(table.rows) == 6


def test_all_broken_lines_are_told():
    assert list(reasons(lines(GOOD + "{oops\n" + GOOD + "{}}\n"))) == [2, 4]


def test_a_torn_last_line_is_told_as_torn():
    found = reasons(lines(GOOD + '{"text": "a", "la'))
    assert "cut off" in found[2]


def test_a_whole_last_line_needs_no_line_end():
    assert reasons(lines(GOOD + GOOD.strip())) == {}


def test_blank_lines_and_marks_in_the_middle_are_no_rows():
    table = lines("\ufeff" + GOOD + "\n \n\ufeff" + GOOD)
    assert [row.line for row in table.rows] == [1, 4]
    assert reasons(table) == {}


def test_numbers_keep_their_written_form():
    row = lines('{"label": 1.50, "text": "a", "n": 007e1}\n{"label": 1.50, "m": 1e5, "k": -0}\n').rows[1]
    assert isinstance(row, RawRow)
    assert row.fields == {"label": "1.50", "m": "1e5", "k": "-0"}


@pytest.mark.parametrize("text", ["", "  \n", "null", "42", '""', "[]", '{"a": 1}', '{"a": [], "b": []}'])
def test_a_file_without_rows_says_so(text):
    with pytest.raises(DataError, match="no rows"):
        json.read(Source("rows.json", text.encode()))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[\n{"text": "a"},\n{"text": "b" "c"}\n]', 3),
        ('[\n{"text": "a"}\n{"text": "b"}\n]', 3),
        ('[\n{"text": "a"},\n{"text": "b', 3),
        ('{"data": [\n{"text": "a"},\noops]}', 3),
        ('[{"text": "a"}]\n[{"text": "b"}]', 2),
        ('{"data": [{"text": "a"}]}\n{"data": [{"text": "b"}]}', 2),
    ],
)
def test_a_broken_json_file_is_refused_with_the_line(text, line):
    with pytest.raises(DataError, match=f"rows.json:{line}: "):
        json.read(Source("rows.json", text.encode()))


def test_a_nesting_bomb_is_refused():
    for text in ("[" * 100_000, '[{"a":' * 50_000, '{"data": ' + "[" * 50_000):
        with pytest.raises(DataError, match=r"nested|no rows"):
            json.read(Source("rows.json", text.encode()))


def test_rows_of_a_list_that_are_no_objects_are_listed_where_they_stand():
    table = json.read(Source("rows.json", b'[\n{"text": "a"},\nnull,\n[1],\n{"b": 1, "b": 2},\n{"text": NaN}\n]'))
    assert {line: reason[:20] for line, reason in reasons(table).items()} == {
        3: "a row is an object, ",
        4: "a row is an object, ",
        5: "the key 'b' stands t",
        6: "NaN is not JSON",
    }
