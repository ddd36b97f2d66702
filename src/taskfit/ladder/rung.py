"""Climb one rung: adapt on practice, answer the sealed test rows once per seed, measure, write it down."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from pydantic import TypeAdapter

from taskfit.core.errors import DataError, DiskError, TaskfitError
from taskfit.core.events import Emit, Event, silent
from taskfit.core.example import Example, Splits
from taskfit.core.files import plain, read_json, read_lines, write_json, write_lines
from taskfit.core.measurement import Collapse, Cost, FailedRung, Forgetting, Measurement, ScoredPrediction
from taskfit.core.meter import Meter, bytes_peak_since_reset, reset_bytes_peak
from taskfit.core.method import Desk, Method
from taskfit.core.model import Model
from taskfit.core.prediction import Prediction, Predictor, Story
from taskfit.core.run import FINISHED
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.measure.collapse import collapse_of
from taskfit.measure.forgetting import for_limits
from taskfit.measure.measure import measure, score_rows

if TYPE_CHECKING:
    from taskfit.measure.forgetting_probes import Probes

AT_ONCE = 256
WARM_UPS, SINGLES, SINGLES_SECONDS = 10, 100, 15.0


@dataclass(frozen=True)
class Price:
    """Money per million tokens."""

    tokens_in: float
    tokens_out: float


@dataclass(frozen=True)
class Ground:
    """What all rungs of a climb stand on: the same model, task, rows, seeds and budget.

    `probes` measure what rungs forget; None: that is not measured.
    """

    model: Model
    task: Task
    splits: Splits
    cache: Path
    seed: int = 0
    seeds: int = 3
    trials: int = 6
    price: Price | None = None
    emit: Emit = silent
    stop: Callable[[], bool] = lambda: False
    probes: "Probes | None" = None


@dataclass(frozen=True)
class Climbed:
    """A rung's measurement and its rows, or why it has none."""

    measurement: Measurement | None
    rows: tuple[ScoredPrediction, ...] = ()
    failed: FailedRung | None = None


@dataclass
class _Work:
    """What the seeds of one rung add up to."""

    rows: list[ScoredPrediction] = field(default_factory=list)
    adapt: dict[str, float] = field(default_factory=dict)
    story: Story = field(default_factory=Story)
    latency: tuple[float, float] | None = None
    bytes_saved: int = 0
    forgotten: Forgetting | None = None
    collapse: Collapse | None = None


def climb_rung(name: str, method: Method, folder: Path, ground: Ground) -> Climbed:
    """Climb one rung in `folder`, or take what is finished there; a failure becomes a row of the report."""
    if (folder / FINISHED).is_file():
        kept = read_rung(folder)
        ground.emit(Event("rung.kept", {"rung": name, "measurement": plain(kept.measurement)}))
        return kept
    reason = method.impossible(ground.model.card, ground.task)
    if reason is not None:
        return _no(name, method, folder, ground, "impossible", reason)
    ground.emit(Event("rung.started", {"rung": name}))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "error.json").unlink(missing_ok=True)
    write_json(folder / "settings.json", {"method": _name_of(method), **method.model_dump(mode="json")})
    try:
        measurement, rows = _climb(name, method, folder, ground)
    except DiskError:
        raise
    except TaskfitError as problem:
        return _no(name, method, folder, ground, "failed", _told(problem))
    write_lines(folder / "predictions.jsonl", rows)
    write_json(folder / FINISHED, measurement)
    ground.emit(Event("rung.finished", {"rung": name, "measurement": plain(measurement)}))
    return Climbed(measurement, tuple(rows))


def _told(problem: TaskfitError) -> Text:
    parts = [text for one in problem.findings[:3] for text in (one.what, one.todo) if text is not None]
    return Text("; ".join(one.en for one in parts), "；".join(one.zh for one in parts))


def _no(name: str, method: Method, folder: Path, ground: Ground, kind: str, reason: Text) -> Climbed:
    failed = FailedRung(name, _name_of(method), cast(Any, kind), reason.en, reason.zh)
    write_json(folder / "error.json", failed)
    said = {"en": reason.en, "zh": reason.zh}
    if kind == "impossible":
        ground.emit(Event("rung.impossible", {"rung": name, "reason": said}))
    else:
        ground.emit(Event("rung.failed", {"rung": name, "error": said}))
    return Climbed(None, failed=failed)


def _name_of(method: Method) -> str:
    return type(method).__module__.rpartition(".")[2]


def read_rung(folder: Path) -> Climbed:
    """Return what stands in the folder of a rung that is finished or failed."""
    if (folder / FINISHED).is_file():
        measurement = TypeAdapter(Measurement).validate_python(read_json(folder / FINISHED))
        rows = TypeAdapter(tuple[ScoredPrediction, ...]).validate_python(
            tuple(read_lines(folder / "predictions.jsonl"))
        )
        return Climbed(measurement, rows)
    if (folder / "error.json").is_file():
        return Climbed(None, failed=TypeAdapter(FailedRung).validate_python(read_json(folder / "error.json")))
    return Climbed(None)


def _climb(name: str, method: Method, folder: Path, ground: Ground) -> tuple[Measurement, list[ScoredPrediction]]:
    work = _Work()
    reset_bytes_peak()
    seeds = ground.seeds if method.random else 1
    for number in range(seeds):
        _one_seed(name, method, folder / f"seed-{ground.seed + number}", ground, work)
        method = settled(method, work.story)
    peak = bytes_peak_since_reset()
    cost = cost_of(work.rows, work.adapt, ground, latency=work.latency, bytes_peak=peak)
    cost = replace(cost, bytes_saved=work.bytes_saved, parameters_trained=work.story.parameters_trained)
    settings = method.model_dump(mode="json")
    measurement = measure(name, work.rows, ground.task, method=_name_of(method), settings=settings, story=work.story)
    lost = for_limits(work.forgotten)
    found = replace(measurement, cost=cost, forgetting=lost, forgotten=work.forgotten, collapse=work.collapse)
    return found, work.rows


def settled(method: Method, story: Story) -> Method:
    """Return the method with the settings chosen on dev fixed, so that further seeds do not search again."""
    chosen = next((trial.settings for trial in story.trials if trial.chosen), {})
    update = {key: value for key, value in chosen.items() if key in type(method).model_fields}
    open_fields = {key: value for key, value in update.items() if method.model_dump().get(key) is None}
    return method.model_copy(update=open_fields) if open_fields else method


def _one_seed(name: str, method: Method, folder: Path, ground: Ground, work: _Work) -> None:
    """Adapt and answer under one seed; a seed finished before an interruption is read, not done again."""
    seed = int(folder.name.removeprefix("seed-"))
    done = folder / "seed.json"
    if not done.is_file():
        _do_seed(name, method, folder, ground, seed)
    found = read_json(done)
    rows = TypeAdapter(list[ScoredPrediction]).validate_python(list(read_lines(folder / "predictions.jsonl")))
    work.rows += rows
    if not work.adapt:
        work.adapt = found["adapt"]
        work.story = TypeAdapter(Story).validate_python(found["story"])
        work.latency = tuple(found["latency"]) if found["latency"] else None
        work.bytes_saved = found["bytes_saved"]
        work.forgotten = TypeAdapter(Forgetting | None).validate_python(found.get("forgotten"))
        work.collapse = TypeAdapter(Collapse | None).validate_python(found.get("collapse"))


def _do_seed(name: str, method: Method, folder: Path, ground: Ground, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    note = f"seed {seed}" if method.random and ground.seeds > 1 else ""
    desk = Desk(folder, ground.cache, name, note, seed, ground.trials, Meter(), ground.emit, ground.stop)
    first = seed == ground.seed
    if first and ground.probes is not None and method.changes != "nothing":
        ground.probes.watch()
    with desk.meter.running():
        predictor = method.adapt(ground.model, ground.task, ground.splits.practice, desk)
    weights = folder / "weights"
    weights.mkdir(exist_ok=True)
    predictor.save(weights)
    test = [example.without_target() for example in ground.splits.test]
    predictions = answer_all(predictor, test, desk)
    rows = score_rows(ground.splits.test, predictions, ground.task, seed=seed)
    write_lines(folder / "predictions.jsonl", _lean(rows))
    local = ground.model.card.architecture != "remote"
    forgotten = _forgotten(method, predictor, desk, ground) if first else None
    facts = {
        "adapt": plain(desk.meter),
        "story": predictor.story,
        "latency": single_latency(predictor, test, desk) if local and first else None,
        "bytes_saved": sum(path.stat().st_size for path in weights.rglob("*") if path.is_file()),
        "forgotten": forgotten,
        "collapse": _collapse(rows, forgotten, ground) if first else None,
    }
    write_json(folder / "seed.json", facts)
    shutil.rmtree(folder / "trials", ignore_errors=True)  # the weights of every trial; the chosen ones are saved


def _forgotten(method: Method, predictor: Predictor, desk: Desk, ground: Ground) -> Forgetting | None:
    """Return what the rung lost against the base; nothing by definition where nothing is changed.

    A trained rung does not fail because it could not be probed: then that is said in the place of what it lost.
    """
    if method.changes == "nothing":
        return Forgetting("unchanged")
    if ground.probes is None:
        return None
    try:
        return ground.probes.forgotten(predictor, desk)
    except DataError as problem:
        told = _told(problem)
        return Forgetting("unknown", notes=({"en": told.en, "zh": told.zh},))


def _collapse(rows: Sequence[ScoredPrediction], forgotten: Forgetting | None, ground: Ground) -> Collapse | None:
    """Return how much the answers differ; what the base itself says, however little, is no collapse of it."""
    base = None
    if ground.probes is not None and forgotten is not None and forgotten.state == "measured":
        base = ground.probes.answers(ground.task, ground.splits.test)
    found = collapse_of(rows, base, closed=bool(ground.task.labels))
    if found is not None and forgotten is not None and forgotten.state == "unchanged":
        return replace(found, collapsed=False)
    return found


def _lean(rows: Sequence[ScoredPrediction]) -> list[ScoredPrediction]:
    """Keep the prompt of the first rows only: with a shared prefix all others repeat it."""
    return [row if place < 20 else replace(row, prompt="") for place, row in enumerate(rows)]


def answer_all(predictor: Predictor, examples: Sequence[Example], desk: Desk) -> list[Prediction]:
    """Return the predictor's answers, told in pieces."""
    meter = Meter()
    predictions: list[Prediction] = []
    for start in range(0, len(examples), AT_ONCE):
        desk.progress(Text("answer the test rows", "回答测试数据"), start, len(examples))
        predictions += predictor.predict(examples[start : start + AT_ONCE], meter)
    desk.progress(Text("answer the test rows", "回答测试数据"), len(examples), len(examples))
    return predictions


def single_latency(predictor: Predictor, examples: Sequence[Example], desk: Desk) -> list[float]:
    """Return p50 and p95 in milliseconds of single requests, after warm-ups; the prefix stays cached."""
    meter = Meter()
    for example in examples[:WARM_UPS]:
        predictor.predict([example], meter)
    seconds: list[float] = []
    started = time.perf_counter()
    for place, example in enumerate(examples[:SINGLES]):
        desk.progress(Text("measure latency", "测量延迟"), place, min(SINGLES, len(examples)))
        begin = time.perf_counter()
        predictor.predict([example], meter)
        seconds.append(time.perf_counter() - begin)
        if time.perf_counter() - started > SINGLES_SECONDS and len(seconds) >= 20:
            break
    return [1000 * float(np.percentile(seconds, share)) for share in (50, 95)]


def cost_of(
    rows: Sequence[ScoredPrediction],
    adapt: dict[str, float],
    ground: Ground,
    *,
    latency: tuple[float, float] | None,
    bytes_peak: int,
) -> Cost:
    """Return the cost of a rung: means over all rows and seeds, and adapting once (the first seed)."""
    count = max(1, len(rows))
    price = ground.price
    money = None
    if price is not None:
        tokens_in, tokens_out = sum(row.tokens_in for row in rows), sum(row.tokens_out for row in rows)
        money = 1000 * (tokens_in * price.tokens_in + tokens_out * price.tokens_out) / 1e6 / count
    if latency is None and rows:
        latency = tuple(1000 * float(np.percentile([row.seconds for row in rows], share)) for share in (50, 95))  # type: ignore[assignment]
    return Cost(
        adapt_seconds=adapt.get("seconds", 0.0),
        adapt_cpu_seconds=adapt.get("cpu_seconds", 0.0),
        adapt_flops=adapt.get("flops", 0.0),
        adapt_tokens=int(adapt.get("tokens", 0)),
        adapt_money=adapt.get("money", 0.0) if price is not None else None,
        seconds_per_answer=sum(row.seconds for row in rows) / count,
        flops_per_answer=sum(row.flops for row in rows) / count,
        tokens_per_answer=sum(row.tokens_in + row.tokens_out for row in rows) / count,
        money_per_1000=money,
        latency_p50_ms=latency[0] if latency else None,
        latency_p95_ms=latency[1] if latency else None,
        bytes_peak=bytes_peak,
    )
