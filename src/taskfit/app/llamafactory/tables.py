"""The files behind an entry of dataset_info.json, as raw rows; nothing of them is understood here."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taskfit.app.llamafactory.dataset_info import Entry
from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.data.read import format_named, recognise_format
from taskfit.data.rows import BadRow, RawRow, Source, load, no_rows, split_lines

SUFFIXES = (".json", ".jsonl", ".csv", ".parquet", ".txt")
FORMATS = {".json": "json", ".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet"}


@dataclass(frozen=True)
class PlacedRow:
    """One raw row and the file that it stands in."""

    file: str
    row: RawRow | BadRow


@dataclass(frozen=True)
class RawRows:
    """The rows of an entry, in order, the names of its columns, and what is to be said about them."""

    rows: tuple[PlacedRow, ...]
    columns: tuple[str, ...]
    remarks: tuple[Text, ...] = ()


def read_table(entry: Entry, folder: Path, *, most: int | None, seed: int, online: bool = False) -> RawRows:
    """Return the rows of an entry: of its file, of all files of its folder, or of its hub dataset when `online`."""
    rows: list[PlacedRow] = []
    columns: dict[str, None] = {}
    for path in _files(entry, folder, online=online):
        source = load(path)
        if path.suffix.lower() == ".txt":
            found: Sequence[RawRow | BadRow] = _lines(source)
            names: tuple[str, ...] = ("text",)
        else:
            table = format_named(_format(source)).read(source)
            found, names = table.rows, table.columns
        rows += [PlacedRow(str(path), row) for row in found]
        columns.update(dict.fromkeys(names))
    if not rows:
        raise no_rows(entry.where)
    kept, remarks = _sample(rows, entry, seed)
    return RawRows(tuple(kept[:most]), tuple(columns), remarks)


def _format(source: Source) -> str:
    if source.suffix == ".json":  # many a .json file holds one object per line
        return recognise_format(source)
    return FORMATS[source.suffix]


def _lines(source: Source) -> tuple[RawRow, ...]:
    lines = enumerate(split_lines(source.text.lstrip("\ufeff")), 1)
    return tuple(RawRow(number, {"text": line}) for number, line in lines if line.strip())


def _files(entry: Entry, folder: Path, *, online: bool) -> list[Path]:
    if entry.hub is not None:
        from taskfit.app.llamafactory.hub import download

        return download(entry, online=online)
    path = folder / str(entry.file)
    if not path.is_dir():
        _check_kind(path, entry)
        return [path]
    files = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
    kinds = sorted({one.suffix.lower() for one in files})
    if len(kinds) != 1:
        listed = ", ".join(kinds) or "-"
        raise DataError(
            Text(f"a folder needs files of one kind; these are: {listed}", f"目录中的文件须为同一类型；现有：{listed}"),
            where=f"{entry.where}: {path}",
        )
    _check_kind(files[0], entry)
    return files


def _check_kind(path: Path, entry: Entry) -> None:
    if path.suffix.lower() not in SUFFIXES:
        listed = ", ".join(SUFFIXES)
        raise DataError(
            Text(f"'{path.name}' is no file that can be read here", f"此处无法读取 '{path.name}'"),
            where=entry.where,
            todo=Text(f"known endings: {listed}", f"可用的后缀：{listed}"),
        )


def _sample(rows: list[PlacedRow], entry: Entry, seed: int) -> tuple[list[PlacedRow], tuple[Text, ...]]:
    if entry.samples is None:
        return rows, ()
    order = random.Random(seed).sample(range(len(rows)), min(entry.samples, len(rows)))
    if entry.samples <= len(rows):
        return [rows[place] for place in order], ()
    return [rows[place] for place in order], (
        Text(
            f"'num_samples' is {entry.samples}, there are {len(rows)} rows: LLaMA-Factory would draw some of them again; "
            "here each is taken once",
            f"'num_samples' 为 {entry.samples}，而只有 {len(rows)} 行：LLaMA-Factory 会重复抽取；此处每行只取一次",
        ),
    )
