"""Files that are whole or absent: atomic writes, JSON, hashes."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from taskfit.core.errors import DiskError
from taskfit.core.text import Text


def plain(value: Any) -> Any:
    """Return `value` as JSON values: dataclasses become dicts, tuples lists, sets sorted lists, paths text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(plain(one) for one in value)
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, Path):
        return value.as_posix()
    return value


def write_atomic(path: Path, content: bytes) -> None:
    """Write `content` so that `path` is either the old file or the whole new one; raise DiskError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as problem:
        with suppress(OSError):  # a missing folder is why we are here
            temporary.unlink(missing_ok=True)
        raise cannot_write(path, problem) from problem


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def obey_umask(path: Path) -> None:
    """Give a file that another library wrote (safetensors: for its owner only) the rights that the umask says."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def cannot_write(path: Path, problem: Exception) -> DiskError:
    """Return the error to raise when `path` could not be written, with the free space where known."""
    free = _free_bytes(path)
    room = Text(f"{free / 1e6:,.1f} MB are free there", f"该处剩余 {free / 1e6:,.1f} MB") if free is not None else None
    return DiskError(Text(f"cannot write: {problem}", f"无法写入：{problem}"), where=str(path), todo=room)


def _free_bytes(path: Path) -> int | None:
    for folder in path.parents:
        if folder.exists():
            state = os.statvfs(folder)
            return state.f_bavail * state.f_frsize
    return None


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """Return `value` as strict JSON text (no NaN), readable in any language."""
    return json.dumps(plain(value), ensure_ascii=False, indent=indent, allow_nan=False)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, atomically."""
    write_atomic(path, (to_json(value) + "\n").encode("utf-8", "surrogatepass"))


def read_json(path: Path) -> Any:
    """Return the JSON value in `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_lines(path: Path, values: Iterable[Any]) -> None:
    """Write one JSON value per line, atomically."""
    text = "".join(to_json(value, indent=None) + "\n" for value in values)
    write_atomic(path, text.encode("utf-8", "surrogatepass"))


def read_lines(path: Path) -> Iterator[Any]:
    """Yield the JSON value of each whole line; a torn last line (a killed writer) is left out."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield json.loads(line)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
