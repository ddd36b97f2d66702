"""CSV: delimiters, headers, quotes, and the line where something goes wrong."""

import pytest

from taskfit.core.errors import DataError
from taskfit.data.formats import csv
from taskfit.data.rows import BadRow, RawRow, Source


def read(text: str):
    return csv.read(Source("rows.csv", text.encode()))


def cells(table):
    return [tuple(row.fields.values()) for row in table.rows if isinstance(row, RawRow)]


def bad(table):
    return [(row.line, row.reason.en) for row in table.rows if isinstance(row, BadRow)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_finds_the_delimiter(delimiter):
    table = read(f'text{delimiter}label\n"a, b; c"{delimiter}x\nplain{delimiter}y\n')
    assert cells(table) == [("a, b; c", "x"), ("plain", "y")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_ends_a_row_and_nothing_else_does(end):
    table = read(end.join(["text,label", "a\u2028b\x0cc,x", "d,y", ""]))
    assert cells(table) == [("a\u2028b\x0cc", "x"), ("d", "y")]
    assert [row.line for row in table.rows] == [2, 3]


def test_a_quoted_newline_is_text_and_lines_are_those_of_the_file():
    table = read('text,label\n"two\nlines",x\nnext,y\n')
    assert cells(table) == [("two\nlines", "x"), ("next", "y")]
    assert [row.line for row in table.rows] == [2, 4]


def test_an_open_quote_costs_its_own_line_only():
    table = read('text,label\nfirst,x\n"open,y\nthird,x\nfourth,"y"\n')
    assert bad(table) == [(3, 'the quote (") that opens in this line is not closed')]
    assert cells(table) == [("first", "x"), ("third", "x"), ("fourth", "y")]


def test_an_open_quote_that_a_later_quote_closes_is_told_at_its_own_line():
    table = read('text,label\n"open,x\nmiddle,y\n"said ""no""",x\nlast,y\n')
    assert [line for line, _ in bad(table)] == [2]
    assert cells(table) == [("middle", "y"), ('said "no"', "x"), ("last", "y")]


def test_an_open_quote_that_swallows_whole_rows_is_told_at_its_own_line():
    table = read('text,label\n"open,x\nsecond,"\nlast,y\n')
    assert [line for line, _ in bad(table)] == [2, 3]
    assert cells(table) == [("last", "y")]


def test_backslash_quotes_are_explained():
    ((line, reason),) = bad(read('text,label\n"he said \\"hi\\" to me",x\nb,y\n'))
    assert line == 2
    assert '""' in reason


def test_ragged_rows_are_listed_with_both_counts():
    table = read("text,label\na,b\nc\nd,e,f\n")
    assert [line for line, _ in bad(table)] == [3, 4]
    assert "3 cells where the first line has 2" in bad(table)[1][1]


def test_no_header_is_needed_when_labels_repeat():
    table = read("good food,pos\nbad food,neg\nnice,pos\n")
    assert table.columns == ("1", "2")
    assert len(table.rows) == 3


def test_a_header_with_unknown_names_stays_a_header():
    table = read("words,mood\ngood food,pos\nbad food,neg\n")
    assert table.columns == ("words", "mood")
    assert len(table.rows) == 2


def test_duplicate_columns_are_refused():
    with pytest.raises(DataError, match=r"rows.csv:1: columns that occur twice: label"):
        read("text,label,label\na,b,c\n")


def test_cells_stay_text():
    values = ["007", "NA", "null", "True", "1.0", "1e5", " x ", "nan", "-"]
    table = read("text,label\n" + "".join(f"row,{value}\n" for value in values))
    assert [label for _, label in cells(table)] == values


def test_a_huge_cell_is_accepted():
    assert cells(read("text,label\n" + '"' + "长" * 200_000 + '",x\n')) == [("长" * 200_000, "x")]


def test_a_mark_at_the_start_is_no_part_of_the_first_column():
    assert csv.read(Source("rows.csv", "\ufefftext,label\na,b\n".encode())).columns == ("text", "label")


def test_three_thousand_columns_are_read():
    names = [f"c{number}" for number in range(3000)]
    assert len(read(",".join(names) + "\n" + ",".join("1" * 3000) + "\n").columns) == 3000
