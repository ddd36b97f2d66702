"""A sweep: settings of a method are searched for on dev, within a stated number of trainings; safe to kill.

What is tried next is a pure function of the seed and of what was found so far, which lies in the run folder.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter

from taskfit.app.settings import method_class
from taskfit.app.sweep_settings import Range, SweepSettings, range_of
from taskfit.core.errors import DataError, TaskfitError, TrainingError, UsageError
from taskfit.core.files import read_json, write_json
from taskfit.core.method import Method
from taskfit.core.prediction import Predictor, Story, Trial
from taskfit.core.text import Text
from taskfit.core.yaml import parse_yaml

RESULT, MADE = "result.json", "made"


@dataclass(frozen=True)
class Swept:
    """The method with the best settings, the folder where what it made lies, and the story of all trials."""

    method: Method
    folder: Path
    story: Story


Attempt = Callable[[Method, Path], Predictor]


def check_sweep() -> None:
    """Raise UsageError when the package that chooses what to try next is not installed."""
    if find_spec("optuna") is None:
        raise UsageError(
            Text("the package optuna is not installed", "未安装 optuna"),
            where="sweep",
            todo=Text("pip install 'taskfit[sweep]'", "请运行 pip install 'taskfit[sweep]'"),
        )


def sweep(
    name: str, fixed: Mapping[str, Any], asked: SweepSettings, folder: Path, *, seed: int, attempt: Attempt
) -> Swept:
    """Train the method `name` with settings chosen one after the other and return the best by dev score.

    `attempt` trains in a folder and returns the predictor. Trials finished before an interruption are read, not
    done again; a training that stops being numbers is a row of the results, never chosen.
    """
    ranges = {key: range_of(word) for key, word in asked.ranges.items()}
    found: list[dict[str, Any]] = []
    for number in range(asked.trials):
        place = folder / f"trial-{number:03d}"
        if not (place / RESULT).is_file():
            chosen = propose(ranges, found, seed=seed, trials=asked.trials)
            write_json(place / RESULT, _tried(name, fixed, chosen, place, attempt))
        found.append(read_json(place / RESULT))
        _keep_best(folder, found)
    best = _best(found)
    if best is None:
        why = found[-1]["why"]
        raise TrainingError(
            Text(
                f"no trial of the sweep gave a score; the last: {why['en']}",
                f"搜索中没有一次得到分数；最后一次：{why['zh']}",
            )
        )
    chosen = found[best]["settings"]
    trials = tuple(
        Trial(one["settings"], one["score"], one["seconds"], chosen=place == best)
        for place, one in enumerate(found)
        if one["score"] is not None
    )
    method = method_class(name).read(merged(fixed, chosen))
    story = replace(TypeAdapter(Story).validate_python(found[best]["story"]), trials=trials)
    return Swept(method, folder / f"trial-{best:03d}" / MADE, story)


def propose(
    ranges: Mapping[str, Range], found: Sequence[Mapping[str, Any]], *, seed: int, trials: int
) -> dict[str, Any]:
    """Return the settings to try next (TPE: Bergstra et al. 2011), from the seed and the results so far alone."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    first = max(2, trials // 3)
    drawn = int.from_bytes(hashlib.sha256(f"{seed}:{len(found)}".encode()).digest()[:4])
    sampler = optuna.samplers.TPESampler(seed=drawn, n_startup_trials=first)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    kinds = {key: _distribution(optuna, one) for key, one in ranges.items()}
    for one in found:
        failed = one["score"] is None
        state = optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(one["params"]),
                distributions=kinds,
                value=None if failed else one["score"],
                state=state,
            )
        )
    return dict(study.ask(kinds).params)


def merged(fixed: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with those chosen put in, also below dotted names (weights.lora.r)."""
    values = dict(fixed)
    for key, value in chosen.items():
        head, dot, rest = key.partition(".")
        if not dot:
            values[head] = value
            continue
        inner = values.get(head)
        inner = {inner: {}} if isinstance(inner, str) else inner
        values[head] = merged(inner if isinstance(inner, Mapping) else {}, {rest: value})
    return values


def _distribution(optuna: Any, one: Range) -> Any:
    if one.choices:
        return optuna.distributions.CategoricalDistribution(one.choices)
    if one.whole:
        return optuna.distributions.IntDistribution(int(one.low), int(one.high), log=one.log)
    return optuna.distributions.FloatDistribution(one.low, one.high, log=one.log)


def _typed(value: Any) -> Any:
    """Return a choice as YAML reads it: `8` is a number, `true` is true."""
    return parse_yaml(f"value: {value}\n", Path("-")).values["value"] if isinstance(value, str) else value


def _tried(
    name: str, fixed: Mapping[str, Any], chosen: Mapping[str, Any], place: Path, attempt: Attempt
) -> dict[str, Any]:
    settings = {key: _typed(value) for key, value in chosen.items()}
    record: dict[str, Any] = {"params": dict(chosen), "settings": settings, "score": None, "seconds": 0.0, "why": None}
    start = time.perf_counter()
    try:
        method = method_class(name).read(merged(fixed, settings))
        place.mkdir(parents=True, exist_ok=True)
        predictor = attempt(method, place)
    except (TrainingError, UsageError) as problem:
        return {**record, "why": _why(problem)}
    score = dev_score(predictor.story)
    if score is None:
        raise DataError(
            Text("a sweep needs rows to choose on", "搜索设置需要用于选择的数据"),
            todo=Text("set rows.dev to a file or a share", "请将 rows.dev 设为文件或比例"),
        )
    (place / MADE).mkdir(exist_ok=True)
    predictor.save(place / MADE)
    story = predictor.story
    made = replace(story, trials=())
    return {**record, "score": score, "seconds": time.perf_counter() - start, "story": made}


def _why(problem: TaskfitError) -> dict[str, str]:
    what = problem.findings[0].what
    return {"en": what.en, "zh": what.zh}


def dev_score(story: Story) -> float | None:
    """Return the best score on dev of a training, or None when there was nothing to choose on."""
    scores = [point.dev_score for point in story.curve if point.dev_score is not None]
    scores += [trial.dev_score for trial in story.trials if trial.chosen]
    return max(scores) if scores else None


def _best(found: Sequence[Mapping[str, Any]]) -> int | None:
    scored = [(cast(float, one["score"]), -place) for place, one in enumerate(found) if one["score"] is not None]
    return -max(scored)[1] if scored else None


def _keep_best(folder: Path, found: Sequence[Mapping[str, Any]]) -> None:
    """Keep the weights of the best trial only: one model on the disk, not one per trial."""
    best = _best(found)
    for place in range(len(found)):
        if place != best:
            shutil.rmtree(folder / f"trial-{place:03d}" / MADE, ignore_errors=True)
        for name in ("checkpoints", "trials"):
            shutil.rmtree(folder / f"trial-{place:03d}" / name, ignore_errors=True)
