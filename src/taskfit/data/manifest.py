"""The manifest beside a file of rows: what is in it, what it was made of, by which version of taskfit."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskfit import __version__
from taskfit.core.files import plain, read_json, write_json

SUFFIX = ".manifest.json"


@dataclass(frozen=True)
class Manifest:
    """`dataset` names the rows, whatever their order and the form of the file; `parent` is what they were made of.

    `rows` counts what was read, kept, repaired and dropped; `lost` counts, by field, rows of which a part had no place.
    """

    file: str
    sha256: str
    dataset: str
    shape: str
    rows: Mapping[str, int]
    lost: Mapping[str, int] = field(default_factory=dict)
    parent: Mapping[str, str] = field(default_factory=dict)
    step: Mapping[str, Any] = field(default_factory=dict)
    taskfit: str = __version__


def dataset_hash(hashes: Iterable[str]) -> str:
    """Return the name of a set of rows: a hash of their sorted hashes (blake2b, 128 bits)."""
    digest = hashlib.blake2b(digest_size=16)
    for one in sorted(hashes):
        digest.update(bytes.fromhex(one))
    return digest.hexdigest()


def manifest_path(rows: Path) -> Path:
    """Return where the manifest of a file of rows stands: beside it."""
    return rows.with_name(rows.name + SUFFIX)


def write_manifest(rows: Path, manifest: Manifest) -> Path:
    """Write the manifest beside its file of rows; return where."""
    path = manifest_path(rows)
    write_json(path, plain(manifest))
    return path


def parent_of(rows: Path, sha256: str) -> dict[str, str]:
    """Return what a file of rows is, as the parent of others: its name and hash, and its dataset where that is known."""
    found = {"file": rows.name, "sha256": sha256}
    path = manifest_path(rows)
    if path.is_file():
        told = read_json(path)
        if isinstance(told, dict) and told.get("sha256") == sha256:
            found["dataset"] = str(told.get("dataset", ""))
    return found
