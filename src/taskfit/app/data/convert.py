"""Rows of one format become a file of another: every row kept, repaired or dropped, and what has no place is counted."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from taskfit.app.data.dataset import Dataset, dataset_of, write_dataset_info
from taskfit.core.errors import SHOWN_FINDINGS, DataError, Finding, UsageError
from taskfit.core.events import Emit, Event, silent
from taskfit.core.files import write_lines
from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text, same
from taskfit.data.beside import fields_of, read_back
from taskfit.data.compare import missing
from taskfit.data.manifest import Manifest, dataset_hash, parent_of, write_manifest
from taskfit.data.read import FileFacts, ListedRow
from taskfit.data.read_records import RecordStream, stream_records
from taskfit.data.record import Record
from taskfit.data.rows import excerpt_of
from taskfit.data.shape import RowShape, shape_named
from taskfit.data.write import RowWriter, row_writer
from taskfit.data.wrong import Wrong

LEDGER = ".ledger.jsonl"
PHASE = Text("converting", "转换")


class ConvertSettings(Settings):
    """What rows become, and where they go."""

    about: ClassVar[Text] = Text("Rows of one format become a file of another.", "把数据从一种格式转换为另一种。")

    to: str = setting(
        ..., "row format to write (`taskfit formats` lists them)", "要写成的行格式（taskfit formats 可查看）"
    )
    out: str = setting(
        ..., "file to write: .jsonl, .json, .csv, .tsv or .parquet", "输出文件：.jsonl、.json、.csv、.tsv 或 .parquet"
    )
    shape: str | None = setting(
        None, "row format of the input; left out: recognised by its rows", "输入的行格式；不填则按内容识别"
    )
    map: dict[str, str] = setting(
        {}, "new names for fields, as NEW=OLD (text=body)", "给字段改名：新名=旧名（如 text=body）"
    )
    format: str | None = setting(
        None, "file format of the input; left out: recognised", "输入的文件格式；不填则自动识别"
    )
    encoding: str | None = setting(
        None, "encoding of the input; left out: recognised where it is sure", "输入的编码；不填则在有把握时自动识别"
    )
    dataset: str | None = setting(
        None,
        "name of a data set, where the input is LLaMA-Factory's dataset_info.json (also dataset_info.json#NAME)",
        "输入为 LLaMA-Factory 的 dataset_info.json 时的数据集名称（也可写成 dataset_info.json#名称）",
    )
    dataset_info: bool = setting(
        False,
        "also name the file in a dataset_info.json beside it, for LLaMA-Factory",
        "同时在输出文件旁的 dataset_info.json 中登记（供 LLaMA-Factory 使用）",
    )
    overwrite: bool = setting(False, "write over a file that is there", "覆盖已有的文件")


@dataclass(frozen=True)
class Converted:
    """What became of the rows: kept + repaired + dropped are all rows of the input.

    `repaired` and `dropped` name each such row with its reason; `lost` counts, by field, the rows of which a part has
    no place in the new format.
    """

    out: Path
    facts: FileFacts
    kept: int
    repaired: tuple[ListedRow, ...]
    dropped: tuple[ListedRow, ...]
    lost: Mapping[str, int]
    manifest: Path
    ledger: Path | None = None
    remarks: tuple[Text, ...] = ()

    @property
    def written(self) -> int:
        """How many rows the new file has."""
        return self.kept + len(self.repaired)


@dataclass
class _Tally:
    written: int = 0
    dropped: list[ListedRow] = field(default_factory=list)
    repaired: list[ListedRow] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    hashes: list[str] = field(default_factory=list)
    columns: dict[str, None] = field(default_factory=dict)


def convert(source: str, settings: ConvertSettings, emit: Emit = silent) -> Converted:
    """Read the rows of `source` and write them; raise DataError when none of them fits the new format."""
    shape, out = shape_named(settings.to), Path(settings.out)
    writer = row_writer(out)
    if settings.dataset_info and "DATASET" not in vars(shape):
        raise _no_entry(settings.to)
    found = dataset_of(source, settings.dataset)
    if not settings.overwrite and (out.exists() or out.resolve() == found.path.resolve()):
        raise _is_there(out)
    stream = _opened(found, settings)
    tally = _Tally()
    with writer:
        for done, total in _written(stream, shape, writer, tally):
            emit(_progress(done, total))
        if not tally.written:
            raise _nothing_fits(stream.facts.path, settings.to, tally.dropped)
    return _kept_account(settings, stream.facts, writer, tally, found)


def _opened(found: Dataset, settings: ConvertSettings) -> RecordStream:
    names = {**found.names, **settings.map}
    shape = settings.shape or found.shape
    return stream_records(found.path, shape, names, settings.encoding, way=found.way(settings.format))


def _written(stream: RecordStream, shape: RowShape, writer: RowWriter, tally: _Tally) -> Iterator[tuple[int, int]]:
    """Write all rows; yield how many rows have been read, and how many there are where that is known."""
    done = 0
    for chunk in stream:
        mended = {row.place: row for row in chunk.repaired}
        tally.dropped += chunk.listed
        for record in chunk.records:
            try:
                _write(record, shape, writer, tally)
            except Wrong as wrong:
                shown = excerpt_of(record.prompt)
                place = record.origin
                tally.dropped.append(ListedRow(place.file, place.line, wrong.reason, shown, "left out", place.row))
                continue
            if (repair := mended.get(str(record.origin))) is not None:
                tally.repaired.append(repair)
        done += chunk.rows
        yield done, stream.known_rows


def _write(record: Record, shape: RowShape, writer: RowWriter, tally: _Tally) -> None:
    cells = writer.cells(fields_of(record, shape))
    again = read_back(cells, shape, record.origin)
    tally.lost.update(missing(record, again))
    writer.write(cells)
    tally.written += 1
    tally.columns.update(dict.fromkeys(cells))
    tally.hashes.append(again.hash)


def _kept_account(
    settings: ConvertSettings, facts: FileFacts, writer: RowWriter, tally: _Tally, found: Dataset
) -> Converted:
    out = writer.path
    kept = tally.written - len(tally.repaired)
    dropped = sorted(tally.dropped, key=lambda row: (row.line, row.row or 0))
    assert facts.rows == kept + len(tally.repaired) + len(dropped)
    rows = {"read": facts.rows, "kept": kept, "repaired": len(tally.repaired), "dropped": len(dropped)}
    lost = dict(sorted(tally.lost.items(), key=lambda item: (-item[1], item[0])))
    manifest = Manifest(
        file=out.name,
        sha256=writer.sha256,
        dataset=dataset_hash(tally.hashes),
        shape=settings.to,
        rows=rows,
        lost=lost,
        parent=parent_of(found.path, facts.sha256),
        step={"convert": {"from": facts.shape, "to": settings.to}},
    )
    if settings.dataset_info:
        write_dataset_info(out, shape_named(settings.to), tuple(tally.columns))
    return Converted(
        out=out,
        facts=facts,
        kept=kept,
        repaired=tuple(tally.repaired),
        dropped=tuple(dropped),
        lost=lost,
        manifest=write_manifest(out, manifest),
        ledger=_ledger(out, (*tally.repaired, *dropped)),
        remarks=found.remarks,
    )


def _ledger(out: Path, rows: Sequence[ListedRow]) -> Path | None:
    """Write one line a row that is not simply kept; no file when there is none."""
    path = out.with_name(out.name + LEDGER)
    if not rows:
        path.unlink(missing_ok=True)
        return None
    lines = [
        {
            "file": row.file,
            "line": row.line,
            **({"row": row.row} if row.row is not None else {}),
            "what": "repaired" if row.kind == "repaired" else "dropped",
            "reason": row.reason,
            "excerpt": row.excerpt,
        }
        for row in rows
    ]
    write_lines(path, lines)
    return path


def _progress(done: int, total: int) -> Event:
    phase = {"en": PHASE.en, "zh": PHASE.zh}
    return Event("progress", {"phase": phase, "done": done, "total": total, "unit": str(Text("rows", "行"))})


def _is_there(out: Path) -> UsageError:
    return UsageError(
        Text("this file is there already", "该文件已存在"),
        where=str(out),
        todo=Text("name another one, or add --overwrite", "请换个名称，或加上 --overwrite"),
    )


def _no_entry(name: str) -> UsageError:
    return UsageError(
        Text(f"LLaMA-Factory cannot read '{name}' rows", f"LLaMA-Factory 无法读取 '{name}' 格式"),
        where="--dataset-info",
        todo=same(
            "alpaca | sharegpt | openai | alpaca_preference | sharegpt_preference | sharegpt_kto | swift_kto | text"
        ),
    )


def _nothing_fits(path: str, name: str, dropped: Sequence[ListedRow]) -> DataError:
    head = Finding(
        path,
        Text(f"none of the {len(dropped)} rows can be written as '{name}'", f"{len(dropped)} 行都无法写成 '{name}'"),
    )
    return DataError([head, *(row.finding for row in dropped[: SHOWN_FINDINGS - 1])])
