"""Rows by name: an entry of LLaMA-Factory's dataset_info.json is a file, names of fields, and words for roles."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taskfit.app.data.dataset_traps import traps
from taskfit.app.llamafactory.dataset_info import INFO, Entry, read_entries
from taskfit.app.llamafactory.roles import column_of, tags_left_out
from taskfit.core.errors import DataError, UsageError
from taskfit.core.files import write_json
from taskfit.core.text import Text
from taskfit.data.cells import Fields
from taskfit.data.raw_stream import raw_file
from taskfit.data.read_records import USUAL, Way
from taskfit.data.rows import RawRow
from taskfit.data.shape import RowShape

TALKS = ("sharegpt", "openai")
SIDE = ("system", "tools")


@dataclass(frozen=True)
class Dataset:
    """A file of rows and how it is to be read; `remarks` are what LLaMA-Factory would do with it in silence."""

    path: Path
    shape: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    change: Callable[[Fields], Fields] | None = None
    remarks: tuple[Text, ...] = ()

    def way(self, format: str | None = None) -> Way:
        """Return how the file is read."""
        return USUAL if format is None and self.change is None else Way(format=format, change=self.change)


def dataset_of(source: str, name: str | None = None) -> Dataset:
    """Return the rows that `source` means: a file, or with a name (`dataset_info.json#NAME`) an entry of that file."""
    path, mark, inside = source.rpartition("#")
    if name is None and mark and path.endswith(".json") and not Path(source).exists():
        source, name = path, inside
    if name is None:
        return Dataset(Path(source))
    if Path(source).name != INFO:
        raise UsageError(
            Text(
                f"a data set is named in a file {INFO}, not in this one", f"数据集名称应登记在 {INFO} 中，而不是此文件"
            ),
            where=source,
        )
    (entry,) = read_entries(Path(source).parent, (name,), pairs=True)
    return _of_entry(entry, Path(source).parent)


def _of_entry(entry: Entry, folder: Path) -> Dataset:
    if entry.file is None:
        raise DataError(
            Text("its rows stand on a hub, not in a file", "其数据在 hub 上，而不是本地文件"),
            where=entry.where,
            todo=Text("download them and name the file with 'file_name'", "请下载后用 'file_name' 指明文件"),
        )
    path = folder / entry.file
    rows = [row.fields for piece in raw_file(path).pieces for row in piece if isinstance(row, RawRow)]
    columns = tuple(dict.fromkeys(name for fields in rows for name in fields))
    roles, remarks = _roles(entry, columns)
    shape = _shape(entry, roles)
    told = (*entry.remarks, *remarks, *tags_left_out(entry), *traps(entry, rows))
    return Dataset(path, shape, change=_change(entry, roles, shape), remarks=tuple(dict.fromkeys(told)))


def _roles(entry: Entry, columns: Sequence[str]) -> tuple[dict[str, str], list[Text]]:
    """Return the column of each role, and a remark where LLaMA-Factory would take another one, or none."""
    given = entry.columns or {}
    plain = entry.columns is not None and entry.formatting not in TALKS
    plain = plain and not any(given.get(role) for role in ("response", "chosen", "rejected", "kto_tag"))
    found: dict[str, str] = {}
    remarks: list[Text] = []
    of_alpaca = ("prompt", "query") if plain else ("prompt", "query", "response", "history", "system")
    for role in ("messages", *SIDE) if entry.formatting in TALKS else of_alpaca:
        column, remark = column_of(entry, role, columns, plain_text=plain)
        if column is not None and column in columns:
            found[role] = column
            remarks += [remark] if remark else []
    found |= {role: str(given[role]) for role in ("chosen", "rejected", "kto_tag") if given.get(role) in columns}
    return found, remarks


def _shape(entry: Entry, roles: Mapping[str, str]) -> str:
    talk = entry.formatting in TALKS
    if "kto_tag" in roles:
        return "sharegpt_kto" if talk else "kto"
    if "chosen" in roles and "rejected" in roles:
        return "sharegpt_preference" if talk else "alpaca_preference"
    if talk:
        return "openai"
    return "alpaca" if "response" in roles else "text"


def _change(entry: Entry, roles: Mapping[str, str], shape: str) -> Callable[[Fields], Fields]:
    """Return what gives the fields of a row the names that its shape knows; the other fields stay beside them."""
    names = {column: _NAMES[shape].get(role, role) for role, column in roles.items()}
    roles_by_tag = _words(entry)

    def change(fields: Fields) -> Fields:
        told = {names.get(name, name): value for name, value in fields.items()}
        for name in ("messages", "chosen", "rejected"):
            if name in told and entry.formatting in TALKS:
                told[name] = _talk(told[name], entry, roles_by_tag)
        if shape in ("kto", "text"):
            told = _joined(told, shape)
        return told

    return change


_ALPACA = {"prompt": "instruction", "query": "input", "response": "output"}
_NAMES: Mapping[str, Mapping[str, str]] = {
    "alpaca": _ALPACA,
    "alpaca_preference": _ALPACA,
    "text": {"prompt": "text"},
    "kto": {"response": "completion", "kto_tag": "label"},
    "sharegpt_kto": {},
    "sharegpt_preference": {},
    "openai": {},
}


def _joined(fields: dict[str, object], shape: str) -> dict[str, object]:
    """Return a row whose prompt is made of two fields with one."""
    first = "prompt" if shape == "kto" else "text"
    parts = [fields.get(first), fields.pop("query", None)]
    if all(part is None or isinstance(part, str) for part in parts):
        fields[first] = "\n".join(str(part) for part in parts if part)
    return fields


def _words(entry: Entry) -> dict[str, str]:
    return {
        entry.tag("user_tag"): "user",
        entry.tag("assistant_tag"): "assistant",
        entry.tag("observation_tag"): "tool",
        entry.tag("function_tag"): "function_call",
        entry.tag("system_tag"): "system",
    }


def _talk(value: object, entry: Entry, roles: Mapping[str, str]) -> object:
    """Return messages with the keys and roles that all dialects share."""
    if isinstance(value, Mapping):
        return _message(value, entry, roles)
    if isinstance(value, list):
        return [_message(one, entry, roles) if isinstance(one, Mapping) else one for one in value]
    return value


def _message(item: Mapping[str, object], entry: Entry, roles: Mapping[str, str]) -> dict[str, object]:
    role, content = entry.tag("role_tag"), entry.tag("content_tag")
    said = item.get(role)
    told: dict[str, object] = {"role": roles.get(str(said), said)}
    if content in item:
        told["content"] = item[content]
    return {**told, **{str(key): value for key, value in item.items() if key not in (role, content)}}


def write_dataset_info(out: Path, shape: RowShape, columns: Sequence[str]) -> Path:
    """Name a file of rows in the dataset_info.json beside it; only columns that it has are listed.

    Raises UsageError when the name stands there for another file.
    """
    path = out.with_name(INFO)
    table: object = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if not isinstance(table, dict):
        raise UsageError(Text("an object of datasets is expected", "应为数据集对象"), where=str(path))
    old = table.get(out.stem)
    if isinstance(old, dict) and old.get("file_name") != out.name:
        raise UsageError(
            Text(f"'{out.stem}' stands for another file there", f"'{out.stem}' 已登记为另一个文件"),
            where=str(path),
            todo=Text("give the new file another name", "请为新文件换个名称"),
        )
    entry: dict[str, object] = dict(vars(shape)["DATASET"])
    listed = entry["columns"]
    assert isinstance(listed, dict)
    entry["columns"] = {role: column for role, column in listed.items() if column in columns}
    table[out.stem] = {"file_name": out.name, **entry}
    write_json(path, table)
    return path
