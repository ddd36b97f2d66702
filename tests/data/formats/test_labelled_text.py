"""Labelled text: where the label stands is found from the whole file."""

import pytest

from taskfit.core.errors import DataError
from taskfit.data.formats import labelled_text
from taskfit.data.rows import BadRow, Source


def read(text: str):
    return [
        (row.line, row.reason.en) if isinstance(row, BadRow) else tuple(row.fields.values())
        for row in labelled_text.read(Source("rows.txt", text.encode())).rows
    ]


def test_a_tab_parts_text_and_label_on_either_side():
    texts = [f"text number {n} of many" for n in range(40)]
    last = "".join(f"{text}\t{n % 3}\n" for n, text in enumerate(texts))
    first = "".join(f"{n % 3}\t{text}\n" for n, text in enumerate(texts))
    assert read(last) == read(first) == [(text, str(n % 3)) for n, text in enumerate(texts)]


def test_without_tabs_the_first_word_is_the_label():
    assert read("1 good food\n0 bad food\n\n1 nice\n") == [("good food", "1"), ("bad food", "0"), ("nice", "1")]


def test_the_fasttext_prefix_is_no_part_of_the_label():
    assert read("__label__pos good\n__label__neg bad\n") == [("good", "pos"), ("bad", "neg")]
    assert read("__label__a good\n__label__a __label__b bad\n")[1] == (2, "more than one label")


def test_lines_without_a_label_are_listed():
    assert read("good\t1\nbad\t0\nnothing here\nfine\t1\n")[2] == (3, "no label in this line")


def test_plain_text_is_refused():
    with pytest.raises(DataError, match="no label is recognised"):
        read("".join(f"Word{number} begins this line of prose.\n" for number in range(100)))
