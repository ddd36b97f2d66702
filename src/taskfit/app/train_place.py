"""Where a training is kept: the folder to work in, found or made; a run is continued only by the same settings."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskfit.app.train_settings import TrainSettings
from taskfit.core.errors import Finding, TaskfitError, UsageError
from taskfit.core.files import cannot_write, write_atomic
from taskfit.core.run import RunFolder, new_run
from taskfit.core.text import Text
from taskfit.core.yaml import read_yaml

FINISHED, SETTINGS = "trained.json", "settings.yaml"
NOT_WORK = ("run", "runs", "threads", "online", "trackers", "tensorboard", "device")
LENGTHS = ("epochs", "max_steps", "patience")  # settings of a method by which an ended run may go on
MADE = (
    *(FINISHED, SETTINGS, "events.jsonl", "machine.json", "rows.json", "rows-not-used.jsonl"),
    *("measurement.json", "loss.json", "forgetting.json", "predictions.jsonl"),
    *("tasks.jsonl", "teacher.json", "replay.jsonl"),
    *("sweep.json", "tuned.json", "head.safetensors", "trained.safetensors", "crash.log"),
    *("checkpoints", "trials", "cache", "start", "model", "adapter", "tensorboard", "sweep", "base"),
)


def run_of(settings: TrainSettings) -> RunFolder:
    """Return the folder to work in: the one named, else an unfinished one with the same settings, else a new one."""
    if settings.run is not None:
        path = Path(settings.run)
        _make(path)
        return RunFolder(path)
    for path in sorted(Path(settings.runs).glob("*-[0-9][0-9][0-9][0-9]"), reverse=True):
        if not (path / FINISHED).is_file() and (path / SETTINGS).is_file() and not differences(path, settings):
            return RunFolder(path)
    return new_run(Path(settings.runs), f"{settings.method}-{_name(settings)}")


def _name(settings: TrainSettings) -> str:
    rows = settings.rows
    if rows.files:
        return Path(rows.files[0].file).stem
    return rows.world or (rows.datasets.names[0] if rows.datasets else "rows")


def _make(path: Path) -> None:
    """Make the folder and prove that it can be written to, before anything is read or trained."""
    try:
        if path.exists() and not path.is_dir():
            raise UsageError(Text("a folder is expected, this is a file", "需要一个目录，而这是文件"), where=str(path))
        path.mkdir(parents=True, exist_ok=True)
        write_atomic(path / ".probe", b"")
        (path / ".probe").unlink()
    except (OSError, ValueError) as problem:
        raise cannot_write(path, problem) from problem


def begin_anew(folder: Path) -> None:
    """Take away what a run of ours left in `folder`; files that taskfit never writes stay."""
    if (folder / SETTINGS).is_file():
        for name in MADE:
            path = folder / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def differences(folder: Path, settings: TrainSettings) -> dict[str, tuple[Any, Any]]:
    """Return the settings that differ from those the run in `folder` was begun with, by dotted key: (then, now)."""
    try:
        before = TrainSettings.read(read_yaml(folder / SETTINGS).values)
    except TaskfitError:
        return {"settings.yaml": ("?", "?")}  # an older version's settings: not ours to continue
    then, now = (_flat(one.values()) for one in (before, settings))
    keys = dict.fromkeys((*then, *now))
    found = {key: (then.get(key), now.get(key)) for key in keys if then.get(key) != now.get(key)}
    return {key: pair for key, pair in found.items() if key.split(".")[0] not in NOT_WORK}


def check_same(folder: Path, settings: TrainSettings) -> bool:
    """Raise UsageError when the run was begun with other settings; return whether only its length changed."""
    found = differences(folder, settings)
    lengths = {f"settings.{name}" for name in LENGTHS}
    longer = bool(found) and set(found) <= lengths
    kept = any(folder.rglob("checkpoints"))
    if longer and (kept or not (folder / FINISHED).is_file()):
        return True
    if not found:
        return False
    changed = [
        Finding(key, Text(f"was {then!r}, is {now!r} now", f"原为 {then!r}，现为 {now!r}"))
        for key, (then, now) in found.items()
    ]
    todo = Text(
        "choose another folder with --run, or begin anew with --fresh"
        + ("; to go on after the end, train with save_every, which keeps the checkpoints" if longer else ""),
        "请用 --run 指定别的目录，或用 --fresh 重新开始"
        + ("；若要在结束后继续，请在训练时设置 save_every 以保留检查点" if longer else ""),
    )
    head = Finding(str(folder), Text("this run was begun with other settings", "该运行是用其他设置开始的"), todo)
    raise UsageError([head, *changed])


def _flat(values: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{at}.{key}" if at else str(key)
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, name)
        else:
            flat[name] = value
    return flat
