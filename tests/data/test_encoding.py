"""Encodings are recognised and said; what is not sure or no text is refused by name."""

import gzip
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.core.errors import DataError, TaskfitError, UsageError
from taskfit.data.encoding import decode

CHINESE = "text,label\n这家店的味道很好，我们都吃得很开心，下次还会来的,1\n送餐太慢了，菜也不热，不会再点这个店了,0\n"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("gb18030", "gb18030"),
    ],
)
def test_recognises_the_encoding_and_says_it(encoding, said):
    found = decode(CHINESE.encode(encoding), where="rows.csv")
    assert found.text == CHINESE
    assert found.encoding == said


def test_does_not_take_korean_for_chinese():
    korean = "이 식당은 정말 맛있어요 다음에 또 오고 싶습니다 배달이 너무 늦었고 음식이 식었어요\n" * 5
    with pytest.raises(DataError, match="not UTF-8"):
        decode(korean.encode("euc_kr"), where="rows.csv")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("big5", "這家店的味道很好，我們都吃得很開心，下次還會來的\n送餐太慢了，菜也不熱，不會再點這個店了\n"),
        ("shift_jis", "この店の料理はとても美味しかったです。また来たいと思います。\n配達が遅すぎました。\n"),
        ("cp1252", "Le café est très bon, à bientôt\nDéjà vu, mais agréable\n"),
    ],
)
def test_asks_for_the_encoding_when_it_is_not_sure(encoding, text):
    with pytest.raises(DataError) as caught:
        decode(text.encode(encoding), where="rows.csv")
    assert caught.value.exit_code == 3
    assert "--rows.encoding" in str(caught.value)
    assert "rows.csv:1" in str(caught.value)
    assert decode(text.encode(encoding), where="rows.csv", encoding=encoding).text == text


def test_names_the_one_gbk_line_in_a_utf8_file():
    lines = [f"第{number}行 好吃\t1".encode() for number in range(1, 1001)]
    lines[499] = "这一行是别的编码\t0".encode("gbk")
    with pytest.raises(DataError) as caught:
        decode(b"\n".join(lines), where="rows.txt")
    assert [finding.where for finding in caught.value.findings] == ["rows.txt:500"]
    assert "gb18030: 这一行是" in str(caught.value)


def test_a_file_of_two_encodings_is_never_read_as_one():
    # Every UTF-8 line has an even number of bytes, so that GB18030 could read the whole file.
    lines = ["我们都很喜欢这家店的味道了".encode("gbk")] * 40 + ["好吃好吃下次还来".encode()] * 60
    with pytest.raises(DataError) as caught:
        decode(b"\n".join(lines), where="rows.txt")
    assert len(caught.value.findings) == 40


def test_one_odd_byte_in_english_is_rather_western():
    with pytest.raises(DataError, match=r"rows:2: .*cp1252: 1 a sisterðcity.*--rows.encoding cp1252"):
        decode(b"0 a sister city\n1 a sister\xf0city with Los Angeles\n", where="rows")


def _workbook() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG"),
        (_workbook(), "Excel"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>", "HTML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 10\n", "git-lfs"),
        (gzip.compress(b"text,label\na,b\n", mtime=0)[:-4], "gzip"),
        (b"PAR1" + bytes(20), "Parquet"),
        (b"%PDF-1.7", "PDF"),
        (b"text\0label", "NUL"),
        ("text,label\ngood,1\n".encode("utf-16-le"), "utf-16-le"),
    ],
)
def test_names_what_is_no_text(content, name):
    with pytest.raises(DataError, match=name):
        decode(content, where="rows.csv")


def test_an_unknown_encoding_is_a_usage_error():
    for name in ("utf-9", "hex", "base64"):
        with pytest.raises(UsageError, match=name):
            decode(b"text", where="rows.csv", encoding=name)


def test_a_wrong_encoding_names_the_line():
    with pytest.raises(DataError, match=r"rows.csv:2.*0xE9 is not utf-8"):
        decode(b"text,label\ncaf\xe9,1\n", where="rows.csv", encoding="utf-8")


@given(st.binary(max_size=200), st.sampled_from([None, "utf-8", "utf-16", "gb18030", "big5", "latin-1", "utf-7"]))
def test_any_bytes_give_text_or_an_error_of_ours(content, encoding):
    try:
        found = decode(content, where="rows", encoding=encoding)
    except TaskfitError:
        return
    assert isinstance(found.text, str)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=100))
def test_utf8_comes_back_unchanged(text):
    if text.encode().startswith((b"PK", b"BZh", b"GIF8", b"%PDF", b"PAR1", b"<", b"version", b"\xef\xbb\xbf")):
        return
    assert decode(text.encode(), where="rows").text == text
