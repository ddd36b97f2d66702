"""Climb the ladder: read the rows, open the model, climb rung by rung, decide, report."""

import platform
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import taskfit
from taskfit.app.ground import Rows, reasons_counted, rows_of
from taskfit.app.report import FACTS, SETTINGS, command_of, make_report
from taskfit.app.report import rows_of as rows_by_rung
from taskfit.app.settings import ClimbSettings, Rung, TaskSettings, rungs_of
from taskfit.app.stop import stoppable
from taskfit.app.task_file import read_climb, same_work, write_climb
from taskfit.core.errors import DataError, TaskfitError, UsageError
from taskfit.core.events import Emit, Event, silent
from taskfit.core.example import Splits
from taskfit.core.files import plain, read_json, write_json, write_lines
from taskfit.core.measurement import Report
from taskfit.core.model import Model
from taskfit.core.run import RunFolder, new_run
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.ladder.report.write import write_report
from taskfit.ladder.rung import Climbed, Ground, Price, climb_rung
from taskfit.measure.ledger import look
from taskfit.measure.power import say_power

LEDGER, ANSWERS, REPORT = "test-ledger.jsonl", "answers.jsonl", "report.json"
BFLOAT16_FROM = 100_000_000  # parameters from which bfloat16 pays on processors that have it


@dataclass(frozen=True)
class RunResult:
    """Where the run is, and its report."""

    folder: Path
    report: Report


@dataclass
class _Teller:
    """Passes events on, writes the lasting ones into the run, and keeps the warnings for the report."""

    run: RunFolder
    emit: Emit
    warnings: list[dict[str, str]]

    def __call__(self, event: Event) -> None:
        if event.kind not in ("progress", "train.step"):
            self.run.record(event)
        self.emit(event)

    def warn(self, text: Text) -> None:
        """Show a warning and keep it for the report."""
        said = {"en": text.en, "zh": text.zh}
        if said not in self.warnings:
            self.warnings.append(said)
            self(Event("warning", {"text": said}))


def climb(settings: ClimbSettings, emit: Emit = silent) -> RunResult:
    """Run every rung on the same rows and report; continue an unfinished run with the same settings.

    Raises TaskfitError for anything the user can mend; KeyboardInterrupt after saving when asked to stop.
    """
    rungs = rungs_of(settings)
    rows = rows_of(settings)
    run = run_folder(settings)
    with run.locked(), stoppable() as stop, _computing(settings):
        emit = _Teller(run, emit, [])
        emit(Event("run.started", {"folder": run.path.as_posix(), "name": settings.name}))
        model = open_model(settings, run)
        rows = _fitted(rows, model, emit)
        _begin(run, settings, rows, emit)
        ground = Ground(
            model=model,
            task=rows.task,
            splits=rows.splits,
            cache=run.cache,
            seed=settings.seed,
            seeds=settings.seeds,
            trials=settings.trials,
            price=_price(settings),
            emit=emit,
            stop=stop,
        )
        climbed = [_climb_one(place, rung, run, settings, ground, emit) for place, rung in enumerate(rungs)]
        return _finish(run, settings, rows, model, climbed, emit)


def _climb_one(
    place: int, rung: Rung, run: RunFolder, settings: ClimbSettings, ground: Ground, emit: _Teller
) -> Climbed:
    climbed = climb_rung(rung.name, rung.method, run.rung(place, rung.name), ground)
    if climbed.measurement is not None:
        looks = look(
            Path(settings.runs) / LEDGER,
            split=ground.splits.fingerprint,
            rung=rung.name,
            settings_hash=_hash_of(
                [
                    rung.method.model_dump(mode="json"),
                    ground.model.card.fingerprint,
                    ground.seed,
                    ground.seeds,
                    ground.trials,
                ]
            ),
        )
        if looks.warning is not None:
            emit.warn(looks.warning)
    return climbed


def _finish(
    run: RunFolder, settings: ClimbSettings, rows: Rows, model: Model, climbed: Sequence[Climbed], emit: _Teller
) -> RunResult:
    facts = facts_of(run, settings, rows, model, climbed)
    write_json(
        run.path / FACTS,
        {"run": facts, "task": rows.task, "limits": settings.limits.model_dump(mode="json"), "warnings": emit.warnings},
    )
    report = make_report(facts, rows.task, climbed, settings.limits, emit.warnings)
    verdict = report.verdict
    emit(Event("verdict", {"sentence": {"en": verdict.en, "zh": verdict.zh}}))
    page = write_report(report, rows_by_rung(climbed), run.path)
    emit(Event("run.finished", {"report": page.as_posix()}))
    return RunResult(run.path, report)


def run_folder(settings: ClimbSettings) -> RunFolder:
    """Return the folder to work in: the one named, else an unfinished one with the same settings, else a new one."""
    if settings.run is not None:
        run = RunFolder(Path(settings.run))
        stored = run.path / SETTINGS
        if stored.is_file() and not same_work(read_climb(stored), settings):
            raise UsageError(
                Text("this run was begun with other settings", "该运行是用其他设置开始的"),
                where=str(stored),
                todo=Text("choose another folder, or the same settings", "请换一个目录，或使用相同的设置"),
            )
        return run
    for path in sorted(Path(settings.runs).glob("*-[0-9][0-9][0-9][0-9]"), reverse=True):
        if (path / SETTINGS).is_file() and not (path / REPORT).is_file() and _same(path / SETTINGS, settings):
            return RunFolder(path)
    return new_run(Path(settings.runs), settings.name)


def _same(stored: Path, settings: ClimbSettings) -> bool:
    try:
        return same_work(read_climb(stored), settings)
    except TaskfitError:
        return False  # an older version's settings: not ours to continue


def open_model(settings: ClimbSettings, run: RunFolder) -> Model:
    """Open the base model that the settings name."""
    if settings.remote is not None:
        from taskfit.model.remote import open_remote

        return open_remote(settings.remote, cache=run.cache / "answers.jsonl")
    from taskfit.model.open import open_local

    device = device_of(settings)
    dtype = "bfloat16" if settings.precision == "bfloat16" else "float32"
    model = open_local(settings.model, online=settings.online, dtype=dtype, device=device)
    if settings.precision == "auto" and model.card.parameters >= BFLOAT16_FROM and _has_bfloat16():
        return open_local(settings.model, online=settings.online, dtype="bfloat16", device=device)
    return model


def device_of(settings: ClimbSettings) -> str:
    """Return where to compute: as asked, else the GPU when there is one."""
    import torch

    if settings.device != "auto":
        return settings.device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _has_bfloat16() -> bool:
    import torch

    return torch.cuda.is_available() or torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _fitted(rows: Rows, model: Model, emit: _Teller) -> Rows:
    """Cut texts that are too long for the model, the same for every rung, and say how many."""
    from taskfit.engine.fit import fit_texts, room_for_text
    from taskfit.model.local import LocalModel

    if not isinstance(model, LocalModel):
        return rows
    for remark in model.remarks:
        emit.warn(remark)
    parts = {side: fit_texts(model, rows.task, getattr(rows.splits, side)) for side in ("train", "dev", "test")}
    cut = sum(part.cut for part in parts.values())
    if cut:
        room = room_for_text(model, rows.task)
        emit.warn(
            Text(
                f"{cut} of {rows.used} texts are longer than the {room} tokens this model has room for and were cut at the end",
                f"{rows.used} 条文本中有 {cut} 条超过该模型可容纳的 {room} 个 token，已截去末尾",
            )
        )
    return replace(rows, splits=Splits(*(parts[side].examples for side in ("train", "dev", "test"))))


def _begin(run: RunFolder, settings: ClimbSettings, rows: Rows, emit: _Teller) -> None:
    """Write down what the run stands on; refuse to continue on other rows."""
    splits = rows.splits
    stored = run.path / "splits.json"
    if stored.is_file() and read_json(stored)["fingerprint"] != splits.fingerprint:
        raise DataError(
            Text("the rows have changed since this run was begun", "自该运行开始以来数据已改变"),
            where=str(stored),
            todo=Text("start a new run (--run with another folder)", "请用 --run 指定新目录重新开始"),
        )
    write_climb(run.path / SETTINGS, settings)
    write_climb(run.path / "task.yaml", settings.model_copy(update={"task": as_settings(rows.task), "run": None}))
    ids = {side: [e.id for e in getattr(splits, side)] for side in ("train", "dev", "test")}
    write_json(stored, {"fingerprint": splits.fingerprint, **ids})
    write_json(run.path / "machine.json", machine_facts(settings))
    write_lines(run.path / "rows-not-used.jsonl", rows.listed)
    emit(Event("rows.read", {"read": rows.read, "used": rows.used, "listed": len(rows.listed)}))
    sizes = {side: len(ids[side]) for side in ids}
    emit(Event("splits.made", {**sizes, "fingerprint": splits.fingerprint}))
    for finding in rows.findings:
        if finding.severity != "info":
            emit.warn(finding.finding.what)
    for remark in rows.remarks:
        emit.warn(remark)


def as_settings(task: Task) -> TaskSettings:
    """Return a task as a task file says it."""
    labels = {label.name: label.word for label in task.labels}
    return TaskSettings(kind=task.kind, instruction=task.instruction, labels=labels, metrics=task.metrics)


def facts_of(
    run: RunFolder, settings: ClimbSettings, rows: Rows, model: Model, climbed: Sequence[Climbed]
) -> dict[str, Any]:
    """Return what the report's header shows and what is needed to repeat the run."""
    splits = rows.splits
    power = say_power(len(splits.test))
    looked = {one.measurement.rung: 1 for one in climbed if one.measurement is not None}
    facts: dict[str, Any] = {
        "name": settings.name,
        "version": taskfit.__version__,
        "command": command_of(run.path),
        "model": model.card,
        "machine": machine_facts(settings),
        "rows": {
            "read": rows.read,
            "used": rows.used,
            "listed": reasons_counted(rows.listed),
            "files": rows.files,
        },
        "splits": {
            "train": len(splits.train),
            "dev": len(splits.dev),
            "test": len(splits.test),
            "fingerprint": splits.fingerprint,
        },
        "settings": settings.values(),
        "seed": settings.seed,
        "power": {"en": power.en, "zh": power.zh},
        "test_looks": looked,
        "volume": settings.limits.volume,
        "currency": "",
    }
    if model.card.name == "tiny":
        facts["note"] = {
            "en": "The built-in model shows mechanics, not what a large model would do.",
            "zh": "内置模型只演示机制，不代表大模型的表现。",
        }
    return plain(facts)  # type: ignore[no-any-return]


def machine_facts(settings: ClimbSettings) -> dict[str, Any]:
    """Return versions, device and threads."""
    from taskfit.engine.machine import cores_usable

    names = ("torch", "transformers", "peft", "numpy", "tokenizers")
    threads: int | None = settings.threads
    if "torch" in sys.modules:
        import torch

        threads = torch.get_num_threads()
    return {
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": cores_usable(),
        "threads": threads,
        "versions": {name: _version(name) for name in names},
        "time": time.strftime("%Y-%m-%d %H:%M:%S %z"),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def _price(settings: ClimbSettings) -> Price | None:
    remote = settings.remote
    if remote is None or remote.price_in is None:
        return None
    return Price(remote.price_in, remote.price_out or 0.0)


def _hash_of(value: Any) -> str:
    import hashlib
    import json

    return hashlib.sha256(json.dumps(plain(value), sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def _computing(settings: ClimbSettings) -> Iterator[None]:
    """Choose threads and matrix kernels for the time of the climb; a remote model needs neither."""
    if settings.remote is not None:
        yield
        return
    import torch

    from taskfit.engine.machine import choose_threads, fast_matmul

    before = torch.get_num_threads()
    torch.set_num_threads(settings.threads or choose_threads())
    try:
        with fast_matmul():
            yield
    finally:
        torch.set_num_threads(before)
