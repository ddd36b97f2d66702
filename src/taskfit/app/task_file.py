"""From a task file (or a file of rows) and flags to the settings of a climb, and back: defaults < file < flags."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from taskfit.app.settings import ClimbSettings, RungSettings, default_rungs, method_class
from taskfit.core.errors import Finding, UsageError
from taskfit.core.yaml import read_yaml, write_yaml

NOT_WORK = ("name", "run", "runs", "online", "threads")


def read_climb(target: Path, flags: Mapping[str, Any] | None = None) -> ClimbSettings:
    """Return the settings of a climb of `target`: a task file (.yaml, .yml) or a file of rows.

    `flags` maps dotted keys ("limits.margin") to values that win over the file. Paths in the file count from
    its folder, those in flags from the current one. Raises UsageError with every problem of both.
    """
    values: dict[str, Any] = {"rows": {"train": str(target)}}
    lines: dict[str, int | str] = {}
    if target.suffix.lower() in (".yaml", ".yml"):
        file = read_yaml(target)
        values, lines = _with_paths(file.values, lambda path: _join(target.parent, path)), dict(file.lines)
    values = {"name": _name(target), **values}
    for key, value in (flags or {}).items():
        values = _with(values, key.split("."), value)
        lines = {place: line for place, line in lines.items() if not f"{place}.".startswith(f"{key}.")}
        lines[key] = "--" + key.replace("_", "-")
    return _checked(values, str(target), lines)


def write_climb(path: Path, settings: ClimbSettings) -> None:
    """Write the settings as a task file that can be moved together with the files it names."""
    write_yaml(path, _with_paths(settings.values(), lambda one: _relative(path.parent, one)))


def same_work(one: ClimbSettings, other: ClimbSettings) -> bool:
    """Tell whether two climbs do the same work, wherever they keep it: then one may continue the other."""
    return _work(one) == _work(other)


def _work(settings: ClimbSettings) -> dict[str, Any]:
    values = _with_paths(settings.values(), lambda path: str(Path(path).resolve()))
    return {key: value for key, value in values.items() if key not in NOT_WORK}


def _checked(values: Mapping[str, Any], where: str, lines: Mapping[str, int | str]) -> ClimbSettings:
    """Read the settings, and those of every method, and tell the problems of all at once."""
    settings: ClimbSettings | None = None
    findings: list[Finding] = []
    try:
        settings = ClimbSettings.read(values, where=where, lines=lines)
    except UsageError as problem:
        findings += problem.findings
    findings += _wrong_settings_of_methods(values.get("rungs"), where, lines)
    if findings or settings is None:
        raise UsageError(findings)
    if settings.rungs:
        return settings
    rungs = default_rungs(settings.task.kind, packed=settings.bits is not None)
    return settings.model_copy(update={"rungs": rungs})


def _wrong_settings_of_methods(rungs: object, where: str, lines: Mapping[str, int | str]) -> list[Finding]:
    findings: list[Finding] = []
    for number, one in enumerate(rungs if isinstance(rungs, (list, tuple)) else ()):
        try:
            rung = RungSettings.model_validate(one)
        except ValueError:
            continue  # told with the other settings
        try:
            method_class(rung.method).read(rung.settings, where=where, lines=lines, at=f"rungs.{number}.{rung.method}")
        except UsageError as problem:
            findings += problem.findings
    return findings


def _with(values: Mapping[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """Return `values` with the one at `path` replaced; a short form on the way (`rows: a.csv`) is written out."""
    if len(path) == 1:
        return {**values, path[0]: value}
    inner = values.get(path[0])
    if path[0] == "rows" and isinstance(inner, str):
        inner = {"train": inner}
    return {**values, path[0]: _with(inner if isinstance(inner, Mapping) else {}, path[1:], value)}


def _with_paths(values: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return `values` with `change` applied to the paths of files, and to the model when it is a folder."""
    rows = values.get("rows")
    result = dict(values)
    if isinstance(rows, str):
        result["rows"] = change(rows)
    elif isinstance(rows, Mapping):
        paths = {key: change(rows[key]) for key in ("train", "dev", "test") if isinstance(rows.get(key), str)}
        result["rows"] = {**rows, **paths}
    result |= {key: change(values[key]) for key in ("general_text", "retained") if isinstance(values.get(key), str)}
    model = values.get("model")
    if (
        isinstance(model, str)
        and model not in ("", "tiny")
        and "://" not in model
        and (Path(model).is_dir() or Path(change(model)).is_dir())
    ):
        result["model"] = change(model)
    return result


def _join(folder: Path, path: str) -> str:
    return path if Path(path).is_absolute() else os.path.normpath(folder / path)


def _relative(folder: Path, path: str) -> str:
    return path if Path(path).is_absolute() else os.path.relpath(path, folder)


def _name(target: Path) -> str:
    if target.stem in ("task", "settings"):
        return target.resolve().parent.name or target.stem
    return target.stem
