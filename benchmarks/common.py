"""What every benchmark shares: measured child processes, interleaved runs, medians, tables and result files.

This module never imports torch: the kernel counts the parent's memory into a child's peak, so the parent stays small.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MARK = "RESULT "
PACKAGES = ("torch", "transformers", "peft", "tokenizers")


@dataclass(frozen=True)
class Run:
    """One child process: what the kernel counted, and what it said of itself in its RESULT line."""

    name: str
    cpu_seconds: float
    wall_seconds: float
    bytes_peak: int
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """One measured command: `python` runs `script` with `words`."""

    name: str
    script: Path
    words: tuple[str, ...] = ()
    python: Path = Path(sys.executable)


def bench_home() -> Path:
    """Return the folder that holds the peers' environments and the material."""
    return Path(os.environ.get("TASKFIT_BENCH_ENVS", "~/.cache/taskfit-bench")).expanduser()


def peer_python(name: str) -> Path:
    """Return the Python of a peer's environment."""
    return bench_home() / name / "bin" / "python"


def have_peer(name: str) -> bool:
    """Tell whether a peer's environment exists; say how to make it when not."""
    if peer_python(name).exists():
        return True
    print(f"{name} is left out: no environment for it. Make it with: python benchmarks/peers/setup.py {name}")
    return False


def child_environment(threads: int = 1) -> dict[str, str]:
    """Return the environment of a measured process: fixed threads, no network, no tracker."""
    fixed = {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "RAYON_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "WANDB_DISABLED": "true",
        "PYTHONPATH": str(HERE),
    }
    return {**os.environ, **fixed}


def measure(job: Job) -> Run:
    """Run one job in its own process; raise with the end of its output when it fails."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log, tempfile.TemporaryDirectory() as desk:
        start = time.perf_counter()
        command = [str(job.python), str(job.script), *job.words]
        child = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=child_environment(), cwd=desk)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        log.seek(0)
        lines = log.read().splitlines()
    said = [line[len(MARK) :] for line in lines if line.startswith(MARK)]
    if child.returncode != 0 or not said:
        raise SystemExit("\n".join([*lines[-40:], f"{job.name} failed (exit {child.returncode}): {' '.join(command)}"]))
    cpu = usage.ru_utime + usage.ru_stime
    scale = 1 if sys.platform == "darwin" else 1024
    return Run(job.name, cpu, wall, usage.ru_maxrss * scale, json.loads(said[-1]))


def say_result(facts: Mapping[str, Any]) -> None:
    """Print the one line that `measure` reads from a child."""
    print(MARK + json.dumps(facts), flush=True)


def interleaved(jobs: Sequence[Job], repeat: int) -> dict[str, list[Run]]:
    """Run every job `repeat` times, one after the other in turn, so that a busy machine is unfair to nobody."""
    runs: dict[str, list[Run]] = {job.name: [] for job in jobs}
    for turn in range(repeat):
        for job in jobs:
            run = measure(job)
            runs[job.name].append(run)
            note = f"{run.cpu_seconds:.1f} CPU s, {run.bytes_peak / 1e6:.0f} MB"
            print(f"[{turn + 1}/{repeat}] {job.name}: {note}", file=sys.stderr, flush=True)
    return runs


def median(runs: Sequence[Run], value: Callable[[Run], float]) -> float:
    """Return the median of one value over runs."""
    return statistics.median(value(run) for run in runs)


def spread(runs: Sequence[Run], value: Callable[[Run], float], digits: int = 0) -> str:
    """Return a value as `median (low-high)`, or alone when there is one run."""
    values = [value(run) for run in runs]
    middle = f"{statistics.median(values):,.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table with aligned columns."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def machine() -> dict[str, object]:
    """Return the facts that a figure depends on: processor, cores, versions, date."""
    info = Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    flags = (
        next((line for line in info.read_text().splitlines() if line.startswith("flags")), "") if info.exists() else ""
    )
    wide = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags.split()]
    return {
        "processor": names[0] if names else platform.processor(),
        "vector_units": wide,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in PACKAGES},
        "date": date.today().isoformat(),
    }


def write_results(name: str, payload: Mapping[str, object], folder: Path) -> Path:
    """Write a benchmark's figures, with the machine they are from, as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    text = json.dumps({"benchmark": name, "machine": machine(), **payload}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    print(f"written: {path}")
    return path


def parser_of(doc: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--alpaca", default=None, help="Alpaca JSON file (default: TASKFIT_BENCH_ALPACA, else the shared rows)"
    )
    parser.add_argument("--shape", default="tiny15", choices=("tiny15", "m60"), help="random-weight Llama shape")
    parser.add_argument(
        "--repeat", type=int, default=3, help="repetitions of every run, interleaved; medians are shown"
    )
    parser.add_argument("--results", type=Path, default=HERE / "results", help="folder for the JSON file")
    return parser
