"""A LLaMA-Factory run file: told from a recipe of ours, and read with the `key=value` words behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskfit.core.errors import Finding, UsageError
from taskfit.core.text import Text
from taskfit.core.yaml import parse_yaml, read_yaml

MARKS = ("stage", "finetuning_type", "model_name_or_path", "dataset", "do_train")
YOUNG = ("train_dataset", "peft_config", "model_class", "micro_batch_size")


@dataclass(frozen=True)
class RunFile:
    """The keys of a run file with the words of the command line put over them, and where each stands."""

    path: Path
    values: dict[str, Any]
    where: dict[str, str]


def is_llamafactory(path: Path) -> bool:
    """Tell whether `path` is a run file of LLaMA-Factory; a file that cannot be read is none."""
    try:
        values = read_yaml(path).values
    except UsageError:
        return False
    return looks_like_theirs(values)


def looks_like_theirs(values: dict[str, Any]) -> bool:
    """Tell whether these are keys of LLaMA-Factory rather than of a recipe."""
    if "method" in values or "rows" in values:
        return False
    return any(key in values for key in MARKS) or sum(key in values for key in YOUNG) >= 2


def read_run_file(path: Path, words: Sequence[str] = ()) -> RunFile:
    """Return the keys of the file; `words` are `key=value` pairs that win over it. Raises UsageError."""
    file = read_yaml(path)
    values = dict(file.values)
    where = {key: f"{path}:{file.lines[key]}" for key in values}
    if any(key in values for key in YOUNG) and "stage" not in values:
        raise UsageError(
            Text(
                "this is a file of LLaMA-Factory's young engine (USE_V1)", "这是 LLaMA-Factory 新引擎（USE_V1）的文件"
            ),
            where=str(path),
            todo=Text(
                "files of the usual engine are read (stage, dataset ...)", "可读取常规引擎的文件（stage、dataset 等）"
            ),
        )
    wrong: list[Finding] = []
    for word in words:
        key, equals, text = word.removeprefix("--").partition("=")
        if not equals or not key:
            what = Text(f"'{word}' is no key=value", f"'{word}' 不是 key=value")
            wrong.append(Finding("", what))
            continue
        try:
            values[key] = parse_yaml(f"value: {text}\n", Path(word)).values["value"]
        except UsageError:
            values[key] = text
        where[key] = word
    if wrong:
        raise UsageError(wrong)
    return RunFile(path, values, where)
