"""Words with tags, one a line: English and Chinese, several forms of tags, broken lines listed."""

import pytest

from taskfit.core.errors import DataError
from taskfit.core.target import Span, spans_of
from taskfit.data.bio import spans_of_tags
from taskfit.data.formats import conll
from taskfit.data.read import recognise_format
from taskfit.data.rows import BadRow, RawRow, Source

CONLL_2003 = """-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
German JJ B-NP B-MISC
call NN I-NP O
. . O O

Peter NNP B-NP B-PER
Blackburn NNP I-NP I-PER
"""
CHINESE = "李 B-PER\n明 I-PER\n2 O\n0 O\n岁 O\n\n北 B-LOC\n京 E-LOC\n"


def rows_of(text: str, name: str = "train.txt") -> list[RawRow | BadRow]:
    return list(conll.read(Source(name, text.encode())).rows)


def test_a_sentence_is_a_row_with_its_entities_in_characters() -> None:
    first, second = rows_of(CONLL_2003)
    assert isinstance(first, RawRow)
    assert isinstance(second, RawRow)
    assert first.fields["text"] == "EU rejects German call ."
    assert spans_of(str(first.fields["label"])) == (Span(0, 2, "ORG"), Span(11, 17, "MISC"))
    assert spans_of(str(second.fields["label"])) == (Span(0, 15, "PER"),)
    assert [first.line, second.line] == [3, 9]


def test_chinese_characters_stand_without_spaces() -> None:
    first, second = rows_of(CHINESE)
    assert isinstance(first, RawRow)
    assert isinstance(second, RawRow)
    assert first.fields["text"] == "李明20岁"
    assert second.fields["text"] == "北京"
    assert spans_of(str(second.fields["label"])) == (Span(0, 2, "LOC"),)


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-A I-A O B-B", [(0, 2, "A"), (3, 4, "B")]),
        ("B-A B-A I-A", [(0, 1, "A"), (1, 3, "A")]),
        ("I-A I-A I-B", [(0, 2, "A"), (2, 3, "B")]),
        ("S-A B-A M-A E-A I-A", [(0, 1, "A"), (1, 4, "A"), (4, 5, "A")]),
        ("U-A B-A L-A O", [(0, 1, "A"), (1, 3, "A")]),
        ("B_A I_A", [(0, 2, "A")]),
        ("O O", []),
        ("B-A-b I-A-b", [(0, 2, "A-b")]),
    ],
)
def test_forms_of_tags(tags: str, spans: list[tuple[int, int, str]]) -> None:
    assert spans_of_tags(tags.split()) == [Span(*one) for one in spans]


def test_a_line_without_a_tag_lists_its_sentence() -> None:
    first, second = rows_of("Alice B-PER\nsleeps\n\nBob B-PER\n")
    assert isinstance(first, BadRow)
    assert first.line == 2
    assert isinstance(second, RawRow)
    with pytest.raises(DataError, match="one a line"):
        rows_of("no tags here\nat all\n")


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("train.txt", CONLL_2003, "conll"),
        ("zh.bio", CHINESE, "conll"),
        ("train.tsv", CHINESE.replace(" ", "\t"), "conll"),
        ("rows.txt", "1 good film\n0 bad film\n", "labelled_text"),
        ("rows.tsv", "good film\tB\nbad film\tO\n", "tsv"),
        ("rows.csv", "text,label\na,B-PER\n", "csv"),
    ],
)
def test_is_recognised_by_its_tags(name: str, text: str, found: str) -> None:
    assert recognise_format(Source(name, text.encode())) == found
