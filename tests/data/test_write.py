"""Files of rows: whole or absent, UTF-8, the order kept, the same bytes each time."""

import json

import pytest

from taskfit.core.errors import DiskError, UsageError
from taskfit.data.manifest import dataset_hash, manifest_path, parent_of
from taskfit.data.read import format_named
from taskfit.data.rows import RawRow, Written, load
from taskfit.data.write import SUFFIXES, row_writer
from taskfit.data.wrong import Wrong

ROWS = [
    {"text": '第一行\n"two", three\tfour', "label": "好", "n": Written("1")},
    {"text": " spaces ", "label": "x", "n": Written("20"), "more": [{"a": Written("1.50"), "b": None}]},
    {"text": "\u2028 sep", "label": "007", "yes": True},
]


def written(path, rows):
    with row_writer(path) as out:
        for row in rows:
            out.write(out.cells(row))
    return out


def read(path):
    source = load(path)
    table = format_named(path.suffix[1:]).read(source)
    return [dict(row.fields) for row in table.rows if isinstance(row, RawRow)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_rows_come_back_in_their_order_and_twice_the_same_bytes(tmp_path, suffix):
    path, again = tmp_path / f"rows{suffix}", tmp_path / f"again{suffix}"
    first, second = written(path, ROWS), written(again, ROWS)
    assert path.read_bytes() == again.read_bytes()
    assert first.sha256 == second.sha256 == load(path).sha256
    assert not path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = read(path)
    assert [row["text"] for row in rows] == [row["text"] for row in ROWS]
    assert [row["label"] for row in rows] == ["好", "x", "007"]
    assert [str(row.get("n") or "") for row in rows] == ["1", "20", ""]
    more = rows[1]["more"]
    assert (json.loads(more) if isinstance(more, str) else more)[0]["b"] is None
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_jsonl_keeps_digits_and_letters_as_they_are(tmp_path):
    written(tmp_path / "rows.jsonl", ROWS[1:2])
    expected = '{"text": " spaces ", "label": "x", "n": 20, "more": [{"a": 1.50, "b": null}]}\n'
    assert (tmp_path / "rows.jsonl").read_text(encoding="utf-8") == expected


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_no_file_can_hold_is_refused_row_by_row(tmp_path, suffix):
    with row_writer(tmp_path / f"rows{suffix}") as out:
        with pytest.raises(Wrong, match="half a character"):
            out.cells({"text": "a \ud800"})
        out.write(out.cells({"text": "b"}))
    assert len(read(tmp_path / f"rows{suffix}")) == 1


def test_csv_cannot_hold_nul_and_knows_one_line_end(tmp_path):
    with row_writer(tmp_path / "rows.csv") as out:
        with pytest.raises(Wrong, match="NUL"):
            out.cells({"text": "a\0"})
        assert out.cells({"text": "a\r\nb\rc", "n": None, "yes": False}) == {"text": "a\nb\nc", "n": "", "yes": "false"}


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("old", encoding="utf-8")

    def fail():
        with row_writer(path) as out:
            out.write({"text": "a"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["rows.jsonl"]


def test_another_ending_or_no_folder_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"\.xlsx.*\.jsonl \| \.json"):
        row_writer(tmp_path / "rows.xlsx")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DiskError), row_writer(tmp_path / "file" / "rows.jsonl"):
        pass


def test_the_name_of_a_data_set_is_its_rows_in_any_order(tmp_path):
    assert dataset_hash(["aa", "bb"]) == dataset_hash(["bb", "aa"]) != dataset_hash(["aa"])
    path = tmp_path / "rows.jsonl"
    assert parent_of(path, "1") == {"file": "rows.jsonl", "sha256": "1"}
    manifest_path(path).write_text('{"sha256": "1", "dataset": "abc"}', encoding="utf-8")
    assert parent_of(path, "1")["dataset"] == "abc"
    assert "dataset" not in parent_of(path, "2")
