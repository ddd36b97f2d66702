"""Checkpoints: a folder that is whole or does not count. Safetensors and JSON, the manifest last."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from taskfit.core.errors import ModelError
from taskfit.core.files import cannot_write, obey_umask, sha256, sync_folder, write_json
from taskfit.core.text import Text

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds: named groups of tensors, and facts as JSON values."""

    step: int
    tensors: Mapping[str, Mapping[str, Tensor]]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """The newest whole checkpoint, and the names of newer ones that were torn."""

    checkpoint: Checkpoint | None
    torn: tuple[str, ...]


def save_checkpoint(folder: Path, checkpoint: Checkpoint, *, keep: int = 2) -> Path:
    """Write a checkpoint to `folder/step-N` and delete all but the newest `keep` once it is whole."""
    target = folder / f"step-{checkpoint.step:08d}"
    temporary = folder / f".step-{checkpoint.step:08d}.{os.getpid()}.tmp"
    try:
        for left in folder.glob(".step-*.tmp"):  # by a killed process; a run folder has only one at a time
            shutil.rmtree(left, ignore_errors=True)
        temporary.mkdir(parents=True)
        for group, tensors in checkpoint.tensors.items():
            _save(temporary / f"{group}.safetensors", tensors)
        write_json(temporary / "facts.json", checkpoint.facts)
        files = {path.name: sha256(path) for path in sorted(temporary.iterdir())}
        write_json(temporary / MANIFEST, {"step": checkpoint.step, "files": files})
        if target.exists():
            shutil.rmtree(target)
        os.rename(temporary, target)  # noqa: PTH104
        sync_folder(folder)
    except (OSError, RuntimeError, SafetensorError) as problem:
        raise cannot_write(target, problem) from problem
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    # Folders of later steps are torn (else training had gone on from them): they must not push out whole ones.
    whole = [path for path in _steps(folder) if _step_of(path) <= checkpoint.step]
    for old in whole[:-keep]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write named tensors as safetensors, flushed to the medium and readable as the umask says; raise DiskError."""
    try:
        _save(path, tensors)
    except (OSError, RuntimeError, SafetensorError) as problem:
        raise cannot_write(path, problem) from problem


def _save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, path)
    obey_umask(path)
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def find_checkpoint(folder: Path) -> Found:
    """Return the newest checkpoint whose manifest holds; torn ones are named, never used.

    Raises ModelError when there are checkpoints and none is whole: starting again in silence would lose work.
    """
    torn: list[str] = []
    for path in reversed(_steps(folder)):
        try:
            return Found(_read(path), tuple(torn))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError):
            torn.append(path.name)
    if torn:
        raise ModelError(
            Text(f"no checkpoint is whole: {', '.join(torn)}", f"没有完整的检查点：{', '.join(torn)}"),
            where=str(folder),
            todo=Text("delete this folder to start again", "删除此目录即可重新开始"),
        )
    return Found(None, ())


def _steps(folder: Path) -> list[Path]:
    return sorted((path for path in folder.glob("step-*") if _step_of(path) >= 0 and path.is_dir()), key=_step_of)


def _step_of(path: Path) -> int:
    number = path.name.removeprefix("step-")
    return int(number) if number.isdecimal() else -1


def _read(path: Path) -> Checkpoint:
    manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    for name, digest in manifest["files"].items():
        if sha256(path / name) != digest:
            raise ValueError(name)
    groups = {name.removesuffix(".safetensors") for name in manifest["files"] if name.endswith(".safetensors")}
    tensors = {group: load_file(path / f"{group}.safetensors") for group in groups}
    facts = json.loads((path / "facts.json").read_text(encoding="utf-8"))
    return Checkpoint(int(manifest["step"]), tensors, facts)
