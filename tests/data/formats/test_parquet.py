"""Parquet: cells become text, a broken file is named."""

import io

import pyarrow as pa
import pytest
from pyarrow import parquet as writer

from taskfit.core.errors import DataError
from taskfit.data.formats import parquet
from taskfit.data.rows import RawRow, Source


def _file(**columns) -> bytes:
    held = io.BytesIO()
    writer.write_table(pa.table(columns), held)
    return held.getvalue()


def test_rows_are_numbered_and_cells_are_text():
    table = parquet.read(Source("rows.parquet", _file(text=["a", "b"], label=[0, None], flag=[True, False])))
    assert table.columns == ("text", "label", "flag")
    assert [row.line for row in table.rows] == [1, 2]
    assert isinstance(table.rows[0], RawRow)
    assert table.rows[0].fields == {"text": "a", "label": "0", "flag": True}
    assert isinstance(table.rows[1], RawRow)
    assert table.rows[1].fields["label"] is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_file(text=["a"] * 100)[:-30], "cut off"),
        (b"PAR1" + bytes(60) + (10).to_bytes(4, "little") + b"PAR1", "broken Parquet"),
        (b"text,label\n", "not a Parquet file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "PNG"),
        (b"", "not a Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(content, said):
    with pytest.raises(DataError, match=said):
        parquet.read(Source("rows.parquet", content))
