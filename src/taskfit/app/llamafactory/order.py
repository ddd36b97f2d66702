"""From a LLaMA-Factory file to settings of `taskfit train`, with its rows read and everything told before training."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskfit.app.llamafactory.file import read_run_file
from taskfit.app.llamafactory.given import Given
from taskfit.app.llamafactory.jinja import THOUGHT
from taskfit.app.llamafactory.keys import SortedKeys, sort_keys
from taskfit.app.llamafactory.leave import TEMPLATE_FILE
from taskfit.app.llamafactory.mix import DatasetReading, read_datasets
from taskfit.app.llamafactory.rows_settings import DatasetRows
from taskfit.app.llamafactory.rules import MIXES, check_rules, is_reasoning
from taskfit.app.llamafactory.template import chat_template, describe, problem_of
from taskfit.app.llamafactory.trainer_keys import logging_every, looks_per_epoch, training_settings
from taskfit.app.llamafactory.weights_keys import weights_of
from taskfit.app.train_settings import TrainSettings
from taskfit.core.errors import UsageError
from taskfit.core.text import Text

FACTS = "llamafactory.json"
BEFORE_A_RUN = (TEMPLATE_FILE, FACTS, "events.jsonl", "crash.log")  # what a run that never began may have left


@dataclass(frozen=True)
class Order:
    """What a LLaMA-Factory file asks for: our settings, the rows, the chat template, and what happens to its keys."""

    settings: TrainSettings
    keys: SortedKeys
    reading: DatasetReading
    template: str | None
    logging_steps: int
    overwrite: bool

    @property
    def told(self) -> tuple[Text, ...]:
        """What the user has to know before training: keys not used, what each dataset gave, what differs."""
        return (*_told_of_keys(self.keys), *_told_of_rows(self.reading))


def read_order(path: Path, words: Sequence[str] = (), *, online: bool = False, threads: int | None = None) -> Order:
    """Return what the file at `path` asks for; raise UsageError or DataError with everything that cannot be done."""
    file = read_run_file(path, words)
    keys = sort_keys(file.values, file.where)
    given = Given(keys.values, file.where, list(keys.refused))
    check_rules(given)
    method, settings = _method(given)
    template, rows = _template(given), _rows(given, online=online)
    run = given.text("output_dir")
    model = given.text("model_name_or_path")
    for key, value in (("output_dir", run), ("model_name_or_path", model)):
        if value is None:
            given.refuse(key, Text("is missing", "缺失"))
    seed = given.count("seed", 42, least=0)
    overwrite = given.flag("overwrite_output_dir")
    if run is not None and not overwrite:
        _check_folder(given, Path(run))
    if given.findings:
        raise UsageError(given.findings)
    reading = read_datasets(rows, seed=seed)
    steps = _with_looks(given, settings, len(reading.practice.train))
    values: dict[str, Any] = {
        "method": method,
        "settings": settings,
        "model": model,
        "bits": _bits(settings["weights"]),
        "rows": {"datasets": rows.model_dump(exclude_defaults=True)},
        "run": run,
        "seed": seed,
        "threads": threads,
        "online": online,
    }
    if template is not None:
        values["template"] = str(Path(str(run)) / TEMPLATE_FILE)
    every = logging_every(given, rows=len(reading.practice.train), batch=settings["batch"], steps=steps)
    if given.findings:
        raise UsageError(given.findings)
    return Order(TrainSettings.read(values, where=str(path)), keys, reading, template, every, overwrite)


def _method(given: Given) -> tuple[str, dict[str, Any]]:
    devices = max(1, int(os.environ.get("WORLD_SIZE", "1")))
    name, weights = weights_of(given)
    settings = {"weights": {name: weights} if weights else name, **training_settings(given, devices=devices)}
    if given.text("early_stopping_steps") is not None:
        settings["patience"] = given.count("early_stopping_steps", 1)
    settings["max_length"] = given.count("cutoff_len", 2048, least=2)
    if given.values.get("stage") == "pt":
        return "continued", settings | {"too_long": "split"}  # no text is lost
    settings["too_long"] = "cut_prompt"
    if given.flag("train_on_prompt"):
        settings["learn"] = "all"
    if given.flag("mask_history"):
        settings["last_answers"] = 1
    return "instruct", settings


def _bits(weights: str | Mapping[str, Any]) -> int | None:
    """Return in how many bits the base is opened; without this it would stand in memory whole, beside its packed copy."""
    return None if isinstance(weights, str) or "qlora" not in weights else int(weights["qlora"]["bits"])


def _rows(given: Given, *, online: bool) -> DatasetRows:
    name = given.text("template")
    described = describe(name) if name is not None and problem_of(name) is None else {}
    values: dict[str, Any] = {
        "names": given.words("dataset") or ("-",),
        "folder": given.text("dataset_dir") or "data",
        "dev": given.words("eval_dataset"),
        "plain_text": given.values.get("stage") == "pt",
        "mix": given.choice("mix_strategy", "concat", MIXES),
        "online": online,
    }
    if not values["dev"]:
        values["dev_size"] = given.number("val_size", 0.0)
    if given.has("max_samples"):
        values["most"] = given.count("max_samples", 1)
    shares = _shares(given)
    if shares and values["mix"] != "concat" and len(shares) == len(values["names"]):
        values["shares"] = shares
    if described and is_reasoning(name):
        marks = tuple(described.get("thought_words", THOUGHT))
        closing_only = str(described["kind"]).endswith("closing mark only")
        values["thought_marks"] = ("", marks[1]) if closing_only and _thinks(given) else marks
        values["thoughts"] = "fill" if _thinks(given) else "drop"
    return DatasetRows.read(values)


def _thinks(given: Given) -> bool:
    return given.values.get("enable_thinking", True) is not False


def _shares(given: Given) -> tuple[float, ...]:
    try:
        shares = tuple(float(word) for word in given.words("interleave_probs"))
    except ValueError:
        shares = ()
    if given.has("interleave_probs") and (not shares or min(shares) <= 0):
        given.refuse("interleave_probs", Text("numbers above 0 are expected", "应为大于 0 的数"))
        return ()
    return shares


def _template(given: Given) -> str | None:
    name = given.text("template")
    if name is None or problem_of(name) is not None:
        return None
    return chat_template(
        name,
        system=given.text("default_system"),
        tool_format=given.text("tool_format"),
        without_thoughts=is_reasoning(name) and not _thinks(given),
    )


def _check_folder(given: Given, run: Path) -> None:
    """Note a folder in which something else lies; a run of ours in it goes on, or is done already."""
    if os.environ.get("RANK", "0") != "0" or not run.is_dir() or (run / "settings.yaml").is_file():
        return  # of several processes (torchrun) the first one looks, for it also writes
    if any(one.name not in BEFORE_A_RUN and one.name[0] != "." for one in run.iterdir()):
        given.refuse(
            "output_dir",
            Text("is not empty, and what lies there is no run of taskfit", "不为空，且其中不是 taskfit 的运行"),
            Text(
                "name another folder, or set overwrite_output_dir: true",
                "请换一个目录，或设 overwrite_output_dir: true",
            ),
        )


def _with_looks(given: Given, settings: dict[str, Any], rows: int) -> int:
    """Put the number of looks per epoch into `settings`; return the number of optimizer steps."""
    batch, epochs, max_steps = settings["batch"], settings["epochs"], settings.get("max_steps")
    settings["looks"] = looks_per_epoch(given, rows=rows, batch=batch, epochs=epochs, max_steps=max_steps)
    return int(max_steps) if max_steps else max(1, round(max(1, -(-rows // batch)) * epochs))


def _told_of_keys(keys: SortedKeys) -> list[Text]:
    used, idle = len(keys.used), len(keys.idle)
    told = [
        Text(
            f"a LLaMA-Factory file: {used} keys are used, {idle} are accepted and not used",
            f"LLaMA-Factory 文件：使用 {used} 个键，接受但不使用 {idle} 个键",
        )
    ]
    by_fate: dict[Text, list[str]] = {}
    for one in keys.idle:
        by_fate.setdefault(one.what, []).append(one.key)
    for what, names in by_fate.items():
        listed = ", ".join(names)
        told.append(Text(f"not used: {listed}: {what.en}", f"不使用：{listed}：{what.zh}"))
    return told


def _told_of_rows(reading: DatasetReading) -> list[Text]:
    told = []
    for facts in reading.facts:
        told.append(
            Text(
                f"dataset {facts.name}: {facts.rows} rows = {facts.used} used + {facts.listed} listed",
                f"数据集 {facts.name}：{facts.rows} 行 = 使用 {facts.used} + 列出 {facts.listed}",
            )
        )
        told += [Text(f"dataset {facts.name}: {one.en}", f"数据集 {facts.name}：{one.zh}") for one in facts.remarks]
    reasons: dict[Text, list[str]] = {}
    for row in reading.listed:
        reasons.setdefault(row.reason, []).append(f"{row.file}:{row.line}")
    for reason, places in reasons.items():
        more = ", ..." if len(places) > 3 else ""
        shown = ", ".join(places[:3]) + more
        told.append(
            Text(
                f"{len(places)} rows not used: {reason.en} ({shown})", f"{len(places)} 行未使用：{reason.zh}（{shown}）"
            )
        )
    return told
