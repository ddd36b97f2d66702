"""Train one method on rows: read and divide them, open or make the model, train, measure, write what was made."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskfit.app.settings import method_class
from taskfit.app.stop import stoppable
from taskfit.app.sweep import check_sweep, dev_score, sweep
from taskfit.app.sweep_settings import SweepSettings
from taskfit.app.train_facts import Pace, machine, trained_facts
from taskfit.app.train_file import read_train
from taskfit.app.train_forgetting import forgotten_by, probes_before
from taskfit.app.train_place import FINISHED, SETTINGS, begin_anew, check_same, run_of
from taskfit.app.train_rows import TrainGround, ground_in_memory, ground_of, refuse_unanswered
from taskfit.app.train_score import LOSS, worth_of
from taskfit.app.train_settings import TrainRows, TrainSettings
from taskfit.core.errors import DataError, NotPossible, UsageError
from taskfit.core.events import Emit, Event, silent
from taskfit.core.example import Example, Practice
from taskfit.core.files import read_json, write_json, write_lines
from taskfit.core.meter import Meter, reset_bytes_peak
from taskfit.core.method import Desk, Method
from taskfit.core.prediction import Prediction, Predictor, Story
from taskfit.core.run import RunFolder
from taskfit.core.text import Text
from taskfit.core.yaml import write_yaml
from taskfit.trackers import check_trackers, tracking

if TYPE_CHECKING:
    from taskfit.engine.ranks import Ranks

__all__ = ["FINISHED", "TrainRows", "TrainSettings", "read_train", "train", "train_run"]

OUTER = ("checkpoints", "trials")  # of no use after the end, unless the user asked to keep checkpoints


def train(settings: TrainSettings, emit: Emit = silent, practice: Practice | None = None) -> Path:
    """Train, and return the folder of the trained model (or of what the method writes); see `train_run`."""
    return _ended(settings, emit, practice, fresh=False).result


def train_run(
    settings: TrainSettings, emit: Emit = silent, practice: Practice | None = None, *, fresh: bool = False
) -> Path:
    """Train, and return the run folder; `practice` stands for the rows where the caller has read them.

    A second call with the same settings continues an unfinished run from its checkpoint; a finished one is
    returned as it is. `fresh` begins anew. Raises TaskfitError for anything the user can mend, and
    KeyboardInterrupt, after saving, when asked to stop. Under several ranks (torchrun) it returns on all of them when
    the first one has written everything.
    """
    return _ended(settings, emit, practice, fresh=fresh).run


@dataclass(frozen=True)
class _Ended:
    """Where a training ended: the run folder, and the folder of the result in it."""

    run: Path
    result: Path


def _ended(settings: TrainSettings, emit: Emit, practice: Practice | None, *, fresh: bool) -> _Ended:
    check_trackers(_trackers(settings))
    if settings.sweep is not None:
        check_sweep()
    from taskfit.engine.ranks import joined

    with joined() as ranks, _computing(settings, ranks), _place(settings, ranks) as run, stoppable() as stop:
        job = _Job(settings, run, _recorded(run, emit) if ranks.lead else silent, ranks, stop)
        if job.to_do(fresh=fresh):
            _train(job, practice)
        result = job.result()
        if ranks.lead:
            emit(Event("run.finished", {"report": run.path.as_posix()}))
    return _Ended(run.path, run.path / result)


@dataclass(frozen=True)
class _Job:
    """What every step of a training needs to know."""

    settings: TrainSettings
    run: RunFolder
    emit: Emit
    ranks: "Ranks"
    stop: Callable[[], bool]

    def to_do(self, *, fresh: bool) -> bool:
        """Tell whether anything is left to do; an ended run that shall be longer goes on."""
        left = True
        with self.ranks.together():
            if self.ranks.lead:
                if fresh:
                    begin_anew(self.run.path)
                self.emit(
                    Event("run.started", {"folder": self.run.path.as_posix(), "settings": self.settings.values()})
                )
                left = self._left()
        return bool(self.ranks.told_by(0, left))

    def result(self) -> str:
        """Return where the result lies in the run folder; every rank waits until the first has written it."""
        found = ""
        with self.ranks.together():
            if self.ranks.lead:
                found = str(read_json(self.run.path / FINISHED)["result"])
        return str(self.ranks.told_by(0, found))

    def _left(self) -> bool:
        path = self.run.path
        if not (path / SETTINGS).is_file():
            return True
        longer = check_same(path, self.settings)
        if longer:
            (path / FINISHED).unlink(missing_ok=True)
        return not (path / FINISHED).is_file()

    def warn(self, text: Text) -> None:
        """Show a warning."""
        self.emit(Event("warning", {"text": {"en": text.en, "zh": text.zh}}))

    def desk(self, folder: Path, *, note: str = "") -> Desk:
        """Return a desk to train at."""
        settings = self.settings
        return Desk(
            folder,
            self.run.cache,
            rung=settings.method,
            note=note,
            seed=settings.seed,
            trials=settings.trials,
            meter=Meter(),
            emit=self.emit,
            stop=self.stop,
        )


@contextmanager
def _place(settings: TrainSettings, ranks: "Ranks") -> Iterator[RunFolder]:
    """Hold the run folder; one that was made here, and in which nothing was begun, is taken away again."""
    path, was_there = "", settings.run is not None and Path(settings.run).exists()
    with ranks.together():
        if ranks.lead:
            path = str(run_of(settings).path)
    run = RunFolder(Path(ranks.told_by(0, path)))
    with run.locked() if ranks.lead else nullcontext():
        try:
            yield run
        finally:
            begun = any(one.name not in (".lock", "events.jsonl") for one in run.path.iterdir())
            if ranks.lead and not was_there and not begun:
                shutil.rmtree(run.path, ignore_errors=True)


def _trackers(settings: TrainSettings) -> tuple[str, ...]:
    return (*(("tensorboard",) if settings.tensorboard else ()), *settings.trackers)


def _recorded(run: RunFolder, emit: Emit) -> Emit:
    def both(event: Event) -> None:
        if event.kind != "progress":
            run.record(event)
        emit(event)

    return both


@contextmanager
def _computing(settings: TrainSettings, ranks: "Ranks") -> Iterator[None]:
    """Choose threads for the time of the training; several processes of one machine share its cores."""
    import torch

    from taskfit.engine.machine import choose_threads

    before = torch.get_num_threads()
    torch.set_num_threads(settings.threads or (1 if ranks.count > 1 else choose_threads()))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class _Made:
    """What a training made: the method as it was used in the end, the predictor, and what it took."""

    method: Method
    predictor: Predictor
    desk: Desk

    @property
    def inner(self) -> Predictor:
        """The predictor as the method made it."""
        return self.predictor.inner if isinstance(self.predictor, _Chosen) else self.predictor


def _train(job: _Job, practice: Practice | None) -> None:
    settings, run = job.settings, job.run
    method = method_class(settings.method).read(settings.settings)
    ground = ground_of(settings, type(method).kinds) if practice is None else ground_in_memory(settings, practice)
    _foretell(job, ground)
    model = _start(job, ground.practice.train, method)
    if why := method.impossible(model.card, ground.task):
        raise NotPossible(Text(f"{settings.method}: {why.en}", f"{settings.method}：{why.zh}"))
    refuse_unanswered(settings.method, method, ground)
    ground, probes = _fitted(ground, model), None
    with job.ranks.together():
        if job.ranks.lead:
            probes = probes_before(settings, model, rows=len(ground.practice.train), cache=run.cache)
            _begin(job, ground)
    names = _trackers(settings) if job.ranks.lead else ()
    pace = Pace(job.emit)
    with tracking(names, run.path, settings.values(), pace) as emit:
        told = replace(job, emit=emit)
        made = _adapted(told, method, model, ground)
        if job.ranks.lead:
            for sentence in forgotten_by(probes, made.inner, replace(made.desk, note="")) if probes else ():
                job.warn(sentence)
            _leave(told, made, model, ground, pace)


def _foretell(job: _Job, ground: TrainGround) -> None:
    """Say before anything is loaded that the training will not fit, where that can be known."""
    from taskfit.app.fits_here import too_large
    from taskfit.app.train_model import device_of

    settings = job.settings
    if settings.model is None or not job.ranks.lead:
        return
    methods, examples = [(settings.method, settings.settings)], ground.practice.train
    device = device_of(settings, job.ranks)
    for sentence in too_large(settings.model, methods, examples, bits=settings.bits, device=device):
        job.warn(sentence)


def _fitted(ground: TrainGround, model: Any) -> TrainGround:
    """Cut texts that are too long where a label or number is the answer; open rows have a policy of their own."""
    from taskfit.app.fit import fit_parts

    if not (ground.task.closed or ground.task.kind in ("multilabel", "regress")):
        return ground
    practice = ground.practice
    fit = fit_parts(model, ground.task, (practice.train, practice.dev, ground.test))
    if fit.remark is None:
        return ground
    train, dev, test = fit.parts
    return replace(ground, practice=Practice(train, dev), test=test, remarks=(*ground.remarks, fit.remark))


def _adapted(job: _Job, method: Method, model: Any, ground: TrainGround) -> _Made:
    """Train, or search for settings and train with each."""
    from taskfit.engine.ranks import desk_of_rank

    reset_bytes_peak()
    desk = job.desk(job.run.path)
    if job.settings.sweep is not None:
        return _swept(job, job.settings.sweep, model, ground, desk)
    with desk_of_rank(desk) as own, own.meter.running():
        predictor = method.adapt(model, ground.task, ground.practice, own)
    return _Made(method, predictor, desk)


def _swept(job: _Job, asked: SweepSettings, model: Any, ground: TrainGround, desk: Desk) -> _Made:
    if job.ranks.count > 1:
        raise UsageError(Text("a sweep runs in one process", "搜索设置只能在单进程中进行"), where="sweep")
    settings = job.settings

    def attempt(one: Method, folder: Path) -> Predictor:
        at = replace(job.desk(folder, note=folder.name), meter=desk.meter)
        return one.adapt(model, ground.task, ground.practice, at)

    with desk.meter.running():
        place = job.run.path / "sweep"
        found = sweep(settings.method, settings.settings, asked, place, seed=settings.seed, attempt=attempt)
    write_json(job.run.path / "sweep.json", found.story.trials)
    restored = found.method.restore(model, ground.task, found.folder)
    return _Made(found.method, _Chosen(restored, found.story), desk)


@dataclass(frozen=True)
class _Chosen:
    """The best of a sweep; its story tells all trials."""

    inner: Predictor
    story: Story

    def predict(self, examples: Sequence[Example], meter: Meter) -> list[Prediction]:
        return self.inner.predict(examples, meter)

    def save(self, folder: Path) -> None:
        self.inner.save(folder)


def _begin(job: _Job, ground: TrainGround) -> None:
    """Write down what the run stands on; refuse to continue on other rows."""
    folder, settings = job.run.path, job.settings
    stored = folder / "rows.json"
    if stored.is_file() and read_json(stored)["fingerprint"] != ground.fingerprint:
        raise DataError(
            Text("the rows have changed since this run was begun", "自该运行开始以来数据已改变"),
            where=str(stored),
            todo=Text("choose another folder with --run, or --fresh", "请用 --run 指定新目录，或使用 --fresh"),
        )
    write_yaml(folder / SETTINGS, settings.values())
    write_json(folder / "machine.json", machine())
    sizes = {
        "train": len(ground.practice.train),
        "dev": len(ground.practice.dev),
        "test": len(ground.test),
    }
    facts = {"fingerprint": ground.fingerprint, "read": ground.read, **sizes, "files": ground.files}
    write_json(stored, {**facts, "task": ground.task, "listed": len(ground.listed)})
    write_lines(folder / "rows-not-used.jsonl", ground.listed)
    used = sum(sizes.values())
    job.emit(Event("rows.read", {"read": ground.read, "used": used, "listed": len(ground.listed)}))
    job.emit(Event("splits.made", {**sizes, "fingerprint": ground.fingerprint}))
    for finding in ground.findings:
        if finding.severity != "info":
            job.warn(finding.finding.what)
    for remark in ground.remarks:
        job.warn(remark)


def _start(job: _Job, examples: Iterable[Example], method: Method) -> Any:
    from taskfit.app.train_model import made_model, opened_model

    if job.settings.new is None:
        model = opened_model(job.settings, method, job.ranks)
    else:
        with job.ranks.together():
            if job.ranks.lead:
                made_model(job.settings, job.run.path / "start", examples)
        model = opened_model(job.settings, method, job.ranks, job.run.path / "start")
    for remark in model.remarks:
        job.warn(remark)
    return model


def _leave(job: _Job, made: _Made, model: Any, ground: TrainGround, pace: Pace) -> None:
    """Write what was made, measure it on the test rows, and say last that the run is finished."""
    folder, method, predictor = job.run.path, made.method, made.predictor
    _save(predictor, folder)
    facts = trained_facts(method, made.desk, predictor.story, pace, dev=dev_score(predictor.story))
    if ground.test:
        _measure(job, made, model, ground)
    if method.model_dump().get("save_every") is None:
        for name in OUTER:
            shutil.rmtree(folder / name, ignore_errors=True)
    result = "model" if (folder / "model").is_dir() else "."
    write_json(folder / FINISHED, {"result": result, "architecture": model.card.architecture, **facts})


def _measure(job: _Job, made: _Made, model: Any, ground: TrainGround) -> None:
    """Measure on the test rows: by the metrics where they have answers, by the loss where answers are open."""
    from taskfit.app.train_loss import loss_worth

    desk = replace(made.desk, meter=Meter(), note="")
    if (loss := loss_worth(made.inner, model, ground.task, ground.test)) is not None:
        write_json(job.run.path / LOSS, loss)
    if all(example.target is not None for example in ground.test):
        worth = worth_of(job.settings.method, made.method, made.predictor, ground, model=model, desk=desk)
        if worth.warning is not None:
            job.warn(worth.warning)


def _save(predictor: Predictor, folder: Path) -> None:
    """Write what was made beside the run folder's other files, each of them whole or not at all."""
    making = folder / ".made.tmp"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    predictor.save(making)
    for path in sorted(making.iterdir()):
        target = folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(path, target)
    making.rmdir()
