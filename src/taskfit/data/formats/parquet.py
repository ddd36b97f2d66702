"""Parquet: one row per record; needs pyarrow, which is only imported when such a file is read."""

import io
import math
import struct
from collections.abc import Iterator
from decimal import Decimal

from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.data.rows import BadRow, RawRow, Source, Table, Written

SUFFIXES = (".parquet", ".pq")
MAGIC = b"PAR1"
MOST_BYTES = 2_000_000_000


def likely(source: Source) -> int:
    """Return how likely this is the format of `source`: 0 not, 9 certain."""
    if source.content.startswith(MAGIC):
        return 9
    return 4 if source.suffix in SUFFIXES else 0


def read(source: Source) -> Table:
    """Return the rows of a Parquet file; the line of a row is its 1-based number."""
    content = source.content
    if not content.startswith(MAGIC):
        source.decoded  # noqa: B018 - tells what the file really is, when that is known
        raise DataError(Text("not a Parquet file", "不是 Parquet 文件"), where=source.name)
    if not content.endswith(MAGIC) or len(content) < 12 or struct.unpack("<I", content[-8:-4])[0] > len(content) - 12:
        raise DataError(
            Text("the Parquet file is cut off; get it again", "Parquet 文件被截断；请重新获取"), where=source.name
        )
    columns, records = _records(source)
    return Table(columns, tuple(_rows(records)))


def _records(source: Source) -> tuple[tuple[str, ...], list[dict[str, object]]]:
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(source.content))
        size = sum(file.metadata.row_group(at).total_byte_size for at in range(file.metadata.num_row_groups))
        if size > MOST_BYTES:
            raise DataError(
                Text(f"unpacks to {size / 1e9:.1f} GB, too much", f"解压后有 {size / 1e9:.1f} GB，过大"),
                where=source.name,
            )
        table = file.read()
        return tuple(table.column_names), table.to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as problem:
        first = str(problem).splitlines()[0]
        raise DataError(
            Text(f"a broken Parquet file: {first}", f"损坏的 Parquet 文件：{first}"), where=source.name
        ) from problem


def _rows(records: list[dict[str, object]]) -> Iterator[RawRow | BadRow]:
    for number, record in enumerate(records, 1):
        yield RawRow(number, {name: _written(value) for name, value in record.items()})


def _written(value: object) -> object:
    """Return a cell as text where it has one text form; Parquet keeps no written form of a number, and NaN is nothing."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {str(name): _written(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(one) for one in value]
    if isinstance(value, float):
        return Written(value) if math.isfinite(value) else None if value != value else str(value)
    return Written(value) if isinstance(value, (int, Decimal)) else str(value)
