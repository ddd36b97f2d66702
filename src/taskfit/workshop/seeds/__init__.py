"""Seed tasks: the package's own, in English and Chinese, or a file of the user's in the form of Self-Instruct."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from taskfit.core.errors import DataError, Finding
from taskfit.core.text import Language, Text

NAMES: tuple[Language, ...] = ("en", "zh")
FORM = Text(
    'one JSON object per line: {"id", "name", "instruction", "instances": [{"input", "output"}], "is_classification"}',
    '每行一个 JSON 对象：{"id", "name", "instruction", "instances": [{"input", "output"}], "is_classification"}',
)


@dataclass(frozen=True)
class Instance:
    """One example of a task; `input` is empty where the task needs none."""

    input: str
    output: str


@dataclass(frozen=True)
class SeedTask:
    """A task written by people: what is asked, examples, and whether its answer is one of a few classes."""

    id: str
    name: str
    instruction: str
    instances: tuple[Instance, ...]
    is_classification: bool = False


def own_seeds(language: Language) -> tuple[SeedTask, ...]:
    """Return the seed tasks that come with taskfit."""
    name = f"{language}.jsonl"
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return _tasks(text.splitlines(), name)


def read_seeds(path: Path) -> tuple[SeedTask, ...]:
    """Return the seed tasks in a file; raise DataError with every line that is none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise DataError(Text(f"cannot be read: {problem}", f"无法读取：{problem}"), where=str(path)) from None
    tasks = _tasks(lines, str(path))
    if not tasks:
        raise DataError(Text("holds no seed task", "没有种子任务"), where=str(path), todo=FORM)
    return tasks


def _tasks(lines: Sequence[str], file: str) -> tuple[SeedTask, ...]:
    findings: list[Finding] = []
    tasks = tuple(_each(lines, file, findings))
    if findings:
        raise DataError(findings)
    return tasks


def _each(lines: Sequence[str], file: str, findings: list[Finding]) -> Iterator[SeedTask]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _task(json.loads(line), number)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            told = f"{type(problem).__name__}: {problem}"[:120]
            what = Text(f"is no seed task ({told})", f"不是种子任务（{told}）")
            findings.append(Finding(f"{file}:{number}", what, FORM))


def _task(row: Mapping[str, object], number: int) -> SeedTask:
    instruction = _text(row["instruction"])
    if not instruction.strip():
        raise ValueError("an empty instruction")
    listed = row.get("instances") or [{"input": row.get("input") or "", "output": row["output"]}]
    if not isinstance(listed, list):
        raise TypeError("'instances' is no list")
    instances = tuple(Instance(_text(one.get("input") or ""), _text(one["output"])) for one in listed)
    identity = str(row.get("id") or f"seed-{number}")
    return SeedTask(
        identity, str(row.get("name") or identity), instruction, instances, row.get("is_classification") is True
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {type(value).__name__}")
    return value.strip()
