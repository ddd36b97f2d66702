"""Climbs for tests: a small folder with rows and a task, and processes that climb in it and may be killed."""

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from methods.small_task import write_csv

ROWS = 45
QUICK_RUNGS = """
rungs:
- zero_shot
- head
- lora: {epochs: 2, batch: 8, r: 2}
"""
NOTHING_OF_TIME = ("seconds", "cpu_seconds", "time", "latency_p50_ms", "latency_p95_ms", "bytes_peak", "adapt_seconds",
                   "adapt_cpu_seconds", "seconds_per_answer")  # fmt: skip

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["torch", "transformers", "peft", "taskfit.app.climb", "taskfit.cli.program"])


def write_task(folder: Path, model: Path | str, more: str = QUICK_RUNGS, *, rows: int = ROWS) -> Path:
    """Write rows.csv and task.yaml into `folder` and return the task file."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "rows.csv", rows)
    head = f"rows: rows.csv\nmodel: {model}\nthreads: 1\nseeds: 2\ntrials: 2\n"
    own = {line.partition(":")[0] for line in more.splitlines()}
    kept = [line for line in head.splitlines() if line.partition(":")[0] not in own]
    path = folder / "task.yaml"
    path.write_text("\n".join(kept) + "\n" + more, encoding="utf-8")
    return path


def start(words: Sequence[str], folder: Path, *, before: Callable[[], None] | None = None) -> BaseProcess:
    """Start `taskfit` with `words` in `folder` as a process of its own, in about no time; it tells into told.txt.

    `before` runs in the process before the command does.
    """
    process = _context.Process(target=_work, args=(list(words), str(folder), before))
    process.start()
    return process


def _work(words: list[str], folder: str, before: Callable[[], None] | None) -> None:
    import torch

    os.chdir(folder)
    os.environ["TASKFIT_LANG"] = "en"
    told = os.open("told.txt", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
    os.dup2(told, 1)
    os.dup2(told, 2)
    torch.set_num_threads(1)
    if before is not None:
        before()
    from taskfit.cli import main

    sys.argv = ["taskfit", *words]
    main()


def save_every_step() -> None:
    """Make training save a checkpoint after every step."""
    from functools import partial

    from taskfit.engine import training

    training.LoopSettings = partial(training.LoopSettings, checkpoint_seconds=0.0)  # type: ignore[misc,assignment]


def kill_at_rename(number: int, after: bool) -> None:
    """Make this process die just before (or after) it renames a file for the `number`-th time."""
    rename, done = os.replace, []

    def dying(source: object, target: object, **options: object) -> None:
        done.append(target)
        if len(done) == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        rename(source, target, **options)  # type: ignore[arg-type, call-overload]
        if len(done) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = dying


def wait_until(true: Callable[[], bool], process: BaseProcess, *, seconds: float = 120.0) -> None:
    """Wait until something holds; fail when the process ends before, or nothing comes of it."""
    end = time.monotonic() + seconds
    while not true():
        assert process.is_alive(), f"the process ended with {process.exitcode}"
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


def ended(process: BaseProcess, *, seconds: float = 180.0) -> int:
    """Wait for the end of the process and return its exit code."""
    process.join(seconds)
    assert process.exitcode is not None, "it does not end"
    return process.exitcode


def timeless(value: Any) -> Any:
    """Return JSON values without what depends on the clock or the memory of the machine."""
    if isinstance(value, dict):
        return {key: timeless(one) for key, one in value.items() if key not in NOTHING_OF_TIME}
    if isinstance(value, list):
        return [timeless(one) for one in value]
    return value


def results(run: Path) -> dict[str, Any]:
    """Return all measurements and predictions of a run, without times."""
    found: dict[str, Any] = {}
    for path in sorted(run.glob("rungs/*/measurement.json")):
        found[str(path.relative_to(run))] = timeless(json.loads(path.read_text(encoding="utf-8")))
    for path in sorted(run.glob("rungs/*/predictions.jsonl")):
        found[str(path.relative_to(run))] = [
            timeless(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()
        ]
    return found
