"""Climb the ladder: read the rows, open the model, climb rung by rung, decide, report."""

import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

import taskfit
from taskfit.app.forgetting import own_files, probes_of
from taskfit.app.ground import Rows, reasons_counted, rows_of
from taskfit.app.place import place_of
from taskfit.app.report import FACTS, SETTINGS, command_of, make_report
from taskfit.app.report import rows_of as rows_by_rung
from taskfit.app.settings import ClimbSettings, Rung, TaskSettings, rungs_of
from taskfit.app.stop import stoppable
from taskfit.app.task_file import write_climb
from taskfit.core.errors import DataError, Finding, ModelError
from taskfit.core.events import Emit, Event, silent
from taskfit.core.example import Splits
from taskfit.core.files import plain, read_json, write_json, write_lines
from taskfit.core.measurement import Report
from taskfit.core.model import Model
from taskfit.core.run import RunFolder
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.ladder.forgotten import warnings_of
from taskfit.ladder.report.write import write_report
from taskfit.ladder.rung import Climbed, Ground, Price, climb_rung
from taskfit.measure.ledger import look
from taskfit.measure.power import say_power

LEDGER, ANSWERS, MACHINE = "test-ledger.jsonl", "answers.jsonl", "machine.json"
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
        if event.kind == "warning" and event.data["text"] not in self.warnings:
            self.warnings.append(cast(dict[str, str], event.data["text"]))
        self.emit(event)

    def warn(self, text: Text) -> None:
        """Show a warning and keep it for the report."""
        said = {"en": text.en, "zh": text.zh}
        if said not in self.warnings:
            self(Event("warning", {"text": said}))


def climb(settings: ClimbSettings, emit: Emit = silent) -> RunResult:
    """Run every rung on the same rows and report; continue an unfinished run with the same settings.

    Raises TaskfitError for anything the user can mend; KeyboardInterrupt after saving when asked to stop.
    """
    rungs = rungs_of(settings)
    rows, own = rows_of(settings), own_files(settings)
    with place_of(settings) as run, _asked_to_stop(settings) as stop, _computing(settings, run):
        emit = _Teller(run, emit, [])
        emit(Event("run.started", {"folder": run.path.as_posix(), "name": settings.name}))
        for sentence in _foretold(settings, rungs, rows):
            emit.warn(sentence)
        models = [open_model(one) for one in starts_of(settings)]
        for model in models:
            rows = _fitted(rows, model, emit)
        _begin(run, settings, rows, emit)
        grounds = [
            Ground(
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
                probes=probes_of(settings, own, model, rows=len(rows.splits.train), cache=run.cache),
            )
            for model in models
        ]
        looks: dict[str, int] = {}
        climbed = []
        for place, rung in enumerate(rungs):
            ground = grounds[rung.beside]
            climbed.append(climb_rung(rung.name, rung.method, run.rung(place, rung.name), ground))
            if (measured := climbed[-1].measurement) is not None:
                looks[rung.name] = _look(settings, rung, ground, emit)
                for said in warnings_of(measured):
                    emit.warn(said)
        facts = facts_of(run, settings, rows, models[0], looks)
        result = _finish(run, settings, facts, rows.task, climbed, emit)
    _refuse_nothing(result)
    return result


def starts_of(settings: ClimbSettings) -> list[ClimbSettings]:
    """Return the settings once for every model that is started from: the model, and the one beside it."""
    if settings.beside is None:
        return [settings]
    return [settings, settings.model_copy(update={"model": settings.beside, "remote": None})]


def _foretold(settings: ClimbSettings, rungs: Sequence[Rung], rows: Rows) -> Iterator[Text]:
    """Yield, before anything is loaded, the rungs that will not fit into this machine."""
    from taskfit.app.fits_here import too_large

    for place, start in enumerate(starts_of(settings)):
        if start.remote is None:
            asked = [rung.method for rung in rungs if rung.beside == place]
            methods = [(type(one).__module__.rpartition(".")[2], one.model_dump(mode="json")) for one in asked]
            device = device_of(start)
            yield from too_large(start.model, methods, rows.splits.train, bits=start.bits, device=device)


def _look(settings: ClimbSettings, rung: Rung, ground: Ground, emit: _Teller) -> int:
    """Write down that the test rows were looked at; return how often the rung has looked at them by now."""
    chosen = [ground.model.card.fingerprint, ground.seed, ground.seeds, ground.trials]
    hashed = _hash_of([rung.method.model_dump(mode="json"), *chosen])
    ledger = Path(settings.runs) / LEDGER
    found = look(ledger, split=ground.splits.fingerprint, rung=rung.name, settings_hash=hashed)
    if found.warning is not None:
        emit.warn(found.warning)
    return found.of_rung


def _refuse_nothing(result: RunResult) -> None:
    """Raise ModelError when no rung was measured: then there is a report, but nothing to go by."""
    if not result.report.measurements:
        findings = [Finding(one.rung, Text(one.en, one.zh)) for one in result.report.failed]
        head = Finding(result.folder.as_posix(), Text("no rung could be measured", "没有任何方法得到测量结果"))
        raise ModelError([head, *findings])


def _finish(
    run: RunFolder,
    settings: ClimbSettings,
    facts: dict[str, Any],
    task: Task,
    climbed: Sequence[Climbed],
    emit: _Teller,
) -> RunResult:
    limits = settings.limits.model_dump(mode="json")
    write_json(run.path / FACTS, {"run": facts, "task": task, "limits": limits, "warnings": emit.warnings})
    report = make_report(facts, task, climbed, settings.limits, emit.warnings)
    verdict = report.verdict
    emit(Event("verdict", {"sentence": {"en": verdict.en, "zh": verdict.zh}}))
    page = write_report(report, rows_by_rung(climbed), run.path)
    emit(Event("run.finished", {"report": page.as_posix()}))
    return RunResult(run.path, report)


def open_model(settings: ClimbSettings) -> Model:
    """Open the base model that the settings name."""
    if settings.remote is not None:
        from taskfit.model.remote import open_remote

        return open_remote(settings.remote, cache=Path(settings.runs) / ANSWERS)
    from taskfit.model.open import open_local

    device = device_of(settings)
    dtype = "bfloat16" if settings.precision == "bfloat16" else "float32"
    options: dict[str, Any] = {"online": settings.online, "device": device, "bits": settings.bits}
    model = open_local(settings.model, dtype=dtype, **options)
    if settings.precision == "auto" and model.card.parameters >= BFLOAT16_FROM and _has_bfloat16():
        return open_local(settings.model, dtype="bfloat16", **options)
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
    from taskfit.app.fit import fit_parts
    from taskfit.model.local import LocalModel

    if not isinstance(model, LocalModel):
        return rows
    for remark in model.remarks:
        emit.warn(remark)
    splits = rows.splits
    fit = fit_parts(model, rows.task, (splits.train, splits.dev, splits.test))
    if fit.remark is not None:
        emit.warn(fit.remark)
    return replace(rows, splits=Splits(*fit.parts))


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
    facts, begun_with = machine_facts(settings), _threads_begun_with(run)
    if begun_with not in (None, facts["threads"]):
        emit.warn(
            Text(
                f"begun with {begun_with} threads, continued with {facts['threads']}: last digits may differ",
                f"开始时用 {begun_with} 个线程，现在用 {facts['threads']} 个：末位数字可能不同",
            )
        )
    write_json(run.path / MACHINE, facts)
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
    run: RunFolder, settings: ClimbSettings, rows: Rows, model: Model, looks: Mapping[str, int]
) -> dict[str, Any]:
    """Return what the report's header shows and what is needed to repeat the run."""
    splits = rows.splits
    power = say_power(len(splits.test))
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
        "test_looks": looks,
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
    if remote is None or remote.price_in == remote.price_out == 0:
        return None  # no price was given; what costs nothing and what costs an unknown sum look alike
    return Price(remote.price_in, remote.price_out)


def _hash_of(value: Any) -> str:
    import hashlib
    import json

    return hashlib.sha256(json.dumps(plain(value), sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def _asked_to_stop(settings: ClimbSettings) -> Iterator[Callable[[], bool]]:
    """Tell work when to save and end. Answers of a remote model are kept one by one: that work ends at once."""
    if settings.remote is not None:
        yield lambda: False
        return
    with stoppable() as stop:
        yield stop


@contextmanager
def _computing(settings: ClimbSettings, run: RunFolder) -> Iterator[None]:
    """Choose threads and matrix kernels for the time of the climb; a remote model needs neither.

    A run is continued with the threads it was begun with: with others, sums round differently.
    """
    if settings.remote is not None:
        yield
        return
    import torch

    from taskfit.engine.machine import choose_threads, fast_matmul

    before = torch.get_num_threads()
    torch.set_num_threads(settings.threads or _threads_begun_with(run) or choose_threads())
    try:
        with fast_matmul():
            yield
    finally:
        torch.set_num_threads(before)


def _threads_begun_with(run: RunFolder) -> int | None:
    stored = run.path / MACHINE
    threads = read_json(stored)["threads"] if stored.is_file() else None
    return threads if isinstance(threads, int) else None
