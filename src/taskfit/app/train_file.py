"""From a recipe (or a file of rows) and flags to the settings of a training: defaults < task file < recipe < flags."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskfit.app.settings import METHODS, method_class
from taskfit.app.train_settings import TrainSettings
from taskfit.core.errors import Finding, UsageError
from taskfit.core.text import Text, same
from taskfit.core.yaml import parse_yaml, read_yaml

RECIPES = (".yaml", ".yml")
OF_A_LADDER = ("task", "rows", "model", "bits", "seed")  # what a training takes over from the task file of a climb
Lines = dict[str, int | str]


def read_train(target: Path | None = None, flags: Mapping[str, Any] | None = None) -> TrainSettings:
    """Return the settings of a training: `target` is a recipe (.yaml) or a file of rows, or there is none.

    `flags` maps dotted keys to values that win over the recipe; `set` and `sweep` are lists of NAME=VALUE. Files
    in a recipe count from its folder where they are there, else from the current one. Raises UsageError with every
    problem of both.
    """
    values: dict[str, Any] = {}
    lines: Lines = {}
    if target is not None and target.suffix.lower() in RECIPES:
        file = read_yaml(target)
        values, lines = _found(dict(file.values), target.parent), dict(file.lines)
    elif target is not None:
        values = {"rows": {"files": [str(target)]}}
    flags = dict(flags or {})
    task = flags.pop("task", None) or (values.pop("task") if isinstance(values.get("task"), str) else None)
    if task is not None:
        values = _over(_from_task_file(Path(task)), values)
    for key, value in _spread(flags).items():
        values = _with(values, _path_of(key), value)
        lines = {place: line for place, line in lines.items() if not f"{place}.".startswith(f"{key}.")}
        lines[key] = _typed(key, value)
    return _checked(values, str(target) if target is not None else "", lines)


def _path_of(key: str) -> list[str]:
    """Return a dotted key as a path; what a sweep varies is one name, whatever dots are in it."""
    block = "sweep.ranges."
    return ["sweep", "ranges", key.removeprefix(block)] if key.startswith(block) else key.split(".")


def _typed(key: str, value: object) -> str:
    """Return a flag as it was typed."""
    for block, flag in (("settings.", "--set"), ("sweep.ranges.", "--sweep")):
        if key.startswith(block):
            return f"{flag} {key.removeprefix(block)}={value}"
    short = {"rows.files": "rows", "sweep.trials": "sweep-trials"}.get(key, key)
    return "--" + short.replace("_", "-")


def _spread(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flags with lists of NAME=VALUE spread out as dotted keys."""
    renamed = {"rows": "rows.files", "sweep_trials": "sweep.trials"}
    result = {renamed.get(key, key): value for key, value in flags.items() if key not in ("set", "sweep")}
    wrong: list[Finding] = []
    for flag, block in (("set", "settings"), ("sweep", "sweep.ranges")):
        for word in flags.get(flag, ()):
            name, equals, text = word.partition("=")
            if not equals or not name.strip():
                what = Text(f"'{word}' is no NAME=VALUE", f"'{word}' 不是 名称=值")
                wrong.append(Finding(f"--{flag}", what))
                continue
            try:
                result[f"{block}.{name.strip()}"] = text if flag == "sweep" else _value(text)
            except UsageError as problem:
                wrong += [Finding(f"--{flag} {word}", one.what, one.todo) for one in problem.findings]
    if wrong:
        raise UsageError(wrong)
    return result


def _value(text: str) -> Any:
    """Return a value typed behind --set as YAML reads it: numbers, true, lists, words."""
    return parse_yaml(f"value: {text}\n", Path("-")).values["value"]


def _with(values: Mapping[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """Return `values` with the one at `path` replaced; a short form of the rows on the way is written out."""
    if len(path) == 1:
        return {**values, path[0]: value}
    inner = values.get(path[0])
    if path[0] == "rows" and isinstance(inner, (str, list)):
        inner = {"files": inner}
    if path[0] == "rows" and path[1] == "files" and isinstance(inner, Mapping):
        inner = {key: one for key, one in inner.items() if key not in ("file", "world", "datasets")}
    if path[0] == "weights" and isinstance(inner, str):
        inner = {inner: {}}  # `--set weights.lora.r=8` over `weights: lora`
    return {**values, path[0]: _with(inner if isinstance(inner, Mapping) else {}, path[1:], value)}


def _over(lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    """Return the values of both; those of `upper` win, key by key."""
    return {**lower, **upper}


def _from_task_file(path: Path) -> dict[str, Any]:
    """Return what a training takes over from a task file: of a climb, or only the keys of a task."""
    file = read_yaml(path)
    if "task" not in file.values and "rows" not in file.values:
        return {"task": file.values}
    values = {key: file.values[key] for key in OF_A_LADDER if key in file.values}
    rows = values.get("rows")
    if isinstance(rows, str):
        values["rows"] = {"files": [rows]}
    elif isinstance(rows, Mapping):
        kept = {key: one for key, one in rows.items() if key not in ("train", "test_share", "dev_share")}
        values["rows"] = {**kept, "files": [rows["train"]]} if "train" in rows else kept
    return _found(values, path.parent)


def _found(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the values with files that lie in `folder` named so that they are found from the current one."""
    result = dict(values)
    for key in ("task", "template", "model", "general_text", "retained"):
        if key in values:
            result[key] = _path(values[key], folder)
    rows = values.get("rows")
    if isinstance(rows, Mapping):
        inner = {key: _path(rows[key], folder) for key in ("file", "dev", "test") if key in rows}
        files = {"files": _files(rows["files"], folder)} if "files" in rows else {}
        result["rows"] = {**rows, **inner, **files}
    elif rows is not None:
        result["rows"] = _files(rows, folder)
    return result


def _files(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_files(one, folder) for one in value]
    if isinstance(value, Mapping) and "file" in value:
        return {**value, "file": _path(value["file"], folder)}
    return _path(value, folder)


def _path(value: Any, folder: Path) -> Any:
    """Return the way to a file that stands in a recipe; words that name no file in its folder stay as they are."""
    if not isinstance(value, str) or not value or "\0" in value or len(value) > 1000:
        return value
    joined = os.path.normpath(folder / value.rpartition(":")[0] if _has_share(value) else folder / value)
    if Path(value).is_absolute() or not Path(joined).exists():
        return value
    return f"{joined}:{value.rpartition(':')[2]}" if _has_share(value) else joined


def _has_share(value: str) -> bool:
    head, colon, tail = value.rpartition(":")
    return bool(head and colon) and tail.replace(".", "", 1).isdecimal()


def _checked(values: Mapping[str, Any], where: str, lines: Lines) -> TrainSettings:
    """Read the settings, and those of the method, and tell the problems of all at once."""
    settings: TrainSettings | None = None
    findings: list[Finding] = []
    try:
        settings = TrainSettings.read(values, where=where, lines=lines)
    except UsageError as problem:
        findings += problem.findings
    method, given = values.get("method"), values.get("settings", {})
    if settings is not None:
        method, given = settings.method, settings.settings
    if isinstance(method, str) and METHODS.problem(method) is None and isinstance(given, Mapping):
        try:
            method_class(method).read(given, where=where, lines=lines, at="settings")
        except UsageError as problem:
            findings += problem.findings
    if settings is not None and settings.sweep is not None:
        findings += _wrong_sweep(settings, lines)
    if findings or settings is None:
        raise UsageError(findings)
    return settings


def _wrong_sweep(settings: TrainSettings, lines: Lines) -> list[Finding]:
    """Return what is wrong with a sweep: a setting that the method has not, or has at a fixed value already."""
    assert settings.sweep is not None
    known = method_class(settings.method).model_fields
    findings = []
    for name in settings.sweep.ranges:
        place = str(lines.get(f"sweep.ranges.{name}", f"sweep.ranges.{name}"))
        if name.split(".")[0] not in known:
            listed = ", ".join(known)
            findings.append(
                Finding(
                    place,
                    Text(
                        f"the method {settings.method} has no setting '{name}'",
                        f"方法 {settings.method} 没有设置 '{name}'",
                    ),
                    same(listed),
                )
            )
        elif name in settings.settings:
            findings.append(
                Finding(
                    place,
                    Text(f"'{name}' is set and searched for at once", f"'{name}' 既被设定又要搜索"),
                    Text("keep one of them", "请只保留一个"),
                )
            )
    return findings
