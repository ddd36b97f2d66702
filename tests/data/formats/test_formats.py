"""What is true of every format: rows in = rows out, and no error but ours."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.core.errors import TaskfitError
from taskfit.data.read import FORMATS, format_named, recognise_format
from taskfit.data.rows import BadRow, RawRow, Source

NAMES = FORMATS.names()
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=12)
ROWS = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8)


def test_the_folder_holds_the_formats():
    assert {"csv", "tsv", "json", "jsonl", "parquet", "labelled_text"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_explains_itself_in_its_first_line(name):
    doc = FORMATS.module(name).__doc__
    assert doc is not None
    assert len(doc.splitlines()[0]) > 20


@pytest.mark.parametrize("name", NAMES)
@given(content=st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_rows_or_an_error_of_ours(name, content):
    try:
        table = format_named(name).read(Source("rows", content))
    except TaskfitError:
        return
    assert all(isinstance(row, (RawRow, BadRow)) for row in table.rows)


@pytest.mark.parametrize("name", NAMES)
@given(text=st.text(alphabet='{}[]",:;\t\n\r\\ab1 \ufeff\u2028nul', max_size=120))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_rows_in_order_or_an_error_of_ours(name, text):
    try:
        table = format_named(name).read(Source("rows", text.encode()))
    except TaskfitError:
        return
    lines = [row.line for row in table.rows]
    assert lines == sorted(lines)
    assert all(line >= 1 for line in lines)


def _as_csv(rows: list[tuple[str, str]]) -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    return "text,label\n" + "".join(f"{cell(text)},{cell(label)}\n" for text, label in rows)


@given(ROWS)
@settings(deadline=None)
def test_csv_returns_every_row_as_it_was_written(rows):
    table = format_named("csv").read(Source("rows.csv", _as_csv(rows).encode()))
    assert [tuple(row.fields.values()) for row in table.rows if isinstance(row, RawRow)] == rows


@given(ROWS)
@settings(deadline=None)
def test_jsonl_returns_every_row_as_it_was_written(rows):
    content = "".join(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n" for text, label in rows)
    table = format_named("jsonl").read(Source("rows.jsonl", content.encode()))
    assert [tuple(row.fields.values()) for row in table.rows if isinstance(row, RawRow)] == rows


@given(ROWS, st.sampled_from([None, 1, 2]), st.booleans())
@settings(deadline=None)
def test_json_returns_every_row_with_its_line(rows, indent, wrapped):
    values = [{"text": text, "label": label} for text, label in rows]
    content = json.dumps({"version": [1], "data": values} if wrapped else values, indent=indent, ensure_ascii=False)
    table = format_named("json").read(Source("rows.json", content.encode()))
    assert [tuple(row.fields.values()) for row in table.rows if isinstance(row, RawRow)] == rows
    if indent is not None:
        lines = content.split("\n")
        assert all(lines[row.line - 1].strip().startswith("{") for row in table.rows)


@pytest.mark.parametrize(
    ("file", "content", "name"),
    [
        ("rows.csv", b"text,label\na,b\n", "csv"),
        ("rows.tsv", b"text\tlabel\na\tb\n", "tsv"),
        ("rows.txt", b"a b c\tpos\n", "labelled_text"),
        ("stsa.binary.train", b"1 a b c\n", "labelled_text"),
        ("rows.json", b'[{"text": "a"}]', "json"),
        ("rows.jsonl", b'{"text": "a"}\n', "jsonl"),
        ("rows.json", b'{"text": "a"}\n{"text": "b"}\n', "jsonl"),
        ("rows.jsonl", b'[{"text": "a"}]', "json"),
        ("rows.json", b'{"data": [{"text": "a"}]}', "json"),
        ("rows.json", b'{"text": "a"}\n{"text": oops}\n', "jsonl"),
        ("rows.json", b'{\n"data": [{"text": "a"}]}', "json"),
        ("rows", b"PAR1....", "parquet"),
    ],
)
def test_the_format_is_recognised(file, content, name):
    assert recognise_format(Source(file, content)) == name
