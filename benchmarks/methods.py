"""Every method on real rows: alone, at its default settings, and as a rung of a ladder.

Each method is one `taskfit train` in a process of its own; the model it started from answers the same held-out rows. Then
`taskfit climb` climbs ladders in which each method is a rung. Kept are scores before and after, processor seconds and the
peak memory of the whole process, what was forgotten, and how the command ended. A command whose result is there is not run
again, so a stopped run goes on.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from climb_overhead import minilm
from common import HERE, child_environment, machine
from methods_rows import Rows, write_rows
from methods_table import show, write_docs

ALL_LABELS = (
    *(
        "zero_shot",
        "few_shot",
        "knn_shot",
        "head",
        "last_layers",
        "lora",
        "qlora",
        "adapter",
        "ia3",
        "prefix",
        "prompt",
    ),
    *("p_tuning", "full"),
)
ENCODER = ("head", "last_layers", "lora", "adapter", "ia3", "prefix", "prompt", "p_tuning", "full")
TEACHER = "multitask-waimai-tiny"
STEPS = 30  # of each training in the ladder of many rungs; alone, all are trained by their defaults


@dataclass(frozen=True)
class Case:
    """One command: a method alone, or a ladder of several rungs; `late` ones need what another case made."""

    method: str
    rows: str
    model: str
    words: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    rungs: tuple[Any, ...] = ()
    late: bool = False

    @property
    def name(self) -> str:
        """What it is called in the results."""
        return f"{self.method}-{self.rows}-{self.model}"


FRESH = ("--new.width=96", "--new.layers=3", "--new.heads=4", "--new.inner=256", "--new.context=128")


def alone() -> list[Case]:
    """Return the methods alone."""
    found = [Case(name, "waimai", "tiny") for name in ALL_LABELS]
    found.append(Case("multitask", "waimai", "tiny", settings={"tasks": [{"rows": "{alpaca}"}]}))
    found += [Case(name, "trec", "minilm") for name in ("zero_shot", "knn_shot", *ENCODER)]
    found += [Case(name, "code", "minilm") for name in ("tag", "lora", "full")] + [Case("tag", "code", "tiny")]
    found += [Case(name, "sst5", "minilm") for name in ("head", "lora")]
    found += [Case("instruct", rows, "tiny") for rows in ("alpaca", "self")]
    found += [Case("pretrain", "poems", "new", FRESH, {"too_long": "split"}), Case("pretrain", "gatsby", "stories")]
    found += [Case("continued", "gatsby", "stories"), Case("continued", "poems", "tangpoem")]
    found += [Case("continued", "gatsby", "stories+lora", settings={"weights": "lora"})]
    found.append(Case("distill", "waimai", "tiny", settings={"teacher": "{teacher}"}, late=True))
    found.append(Case("shorten", "waimai", "teacher", late=True))
    return found


def ladders() -> list[Case]:
    """Return the ladders: labels by words and by heads, entities, open answers; where there are many rungs, short ones."""
    several: dict[str, dict[str, Any]] = {
        "multitask": {"tasks": [{"rows": "{alpaca}"}]},
        "distill": {"teacher": "{teacher}"},
        "shorten": {},
    }
    short = [
        {name: {"max_steps": STEPS}} for name in ("lora", "qlora", "adapter", "ia3", "prefix", "prompt", "p_tuning")
    ]
    short += [{name: {**more, "max_steps": STEPS}} for name, more in several.items()]
    return [
        Case("ladder", "waimai", "tiny", rungs=("zero_shot", "head", *short), late=True),
        Case("ladder", "trec", "minilm", rungs=("zero_shot", "few_shot", "knn_shot", *ENCODER)),
        Case("ladder", "code", "minilm", rungs=("tag", "last_layers", "lora", "full")),
        Case(
            "ladder",
            "self",
            "tiny",
            rungs=("zero_shot", "few_shot", "lora", "full", "instruct", "pretrain", "continued"),
        ),
    ]


@dataclass(frozen=True)
class Bench:
    """Where everything lies."""

    work: Path
    rows: Mapping[str, Rows]
    models: Mapping[str, str]

    def filled(self, value: Any) -> Any:
        """Return settings with the names in braces replaced by the files they stand for."""
        names = {name: str(one.train) for name, one in self.rows.items()} | {"teacher": self.models["teacher"]}
        text = json.dumps(value)
        for name, path in names.items():
            text = text.replace("{" + name + "}", path)
        return json.loads(text)

    def command(self, case: Case) -> list[str]:
        """Return the words behind `taskfit`."""
        rows, run = self.rows[case.rows], self.work / "runs" / case.name
        model = self.models.get(case.model.split("+")[0])
        named = [] if model is None else ["--model", model]
        last = ["--threads", "1", "--lang", "en", "--run", str(run)]
        if case.rungs:
            task = {
                "task": rows.task,
                "rows": {"train": str(rows.train), "test": str(rows.test)},
                "rungs": self.filled(case.rungs),
                "trials": 1,
                "seeds": 1,
            }
            path = self.work / f"{case.name}.yaml"
            path.write_text(json.dumps(task, ensure_ascii=False), encoding="utf-8")  # JSON is YAML
            return ["climb", str(path), *named, *last]
        recipe = {
            "method": case.method,
            "settings": self.filled(dict(case.settings)),
            "task": {} if case.method in ("pretrain", "continued", "instruct") else rows.task,
            "rows": {"files": [{"file": str(rows.train)}], "test": str(rows.test)},
        }
        path = self.work / f"{case.name}.yaml"
        path.write_text(json.dumps(recipe, ensure_ascii=False), encoding="utf-8")
        return ["train", str(path), *case.words, *named, *last]

    def run(self, case: Case) -> dict[str, Any]:
        """Run one command, keep what it printed, and return what came out."""
        log, folder = self.work / f"{case.name}.log", self.work / "runs" / case.name
        shutil.rmtree(folder, ignore_errors=True)
        began = time.perf_counter()
        with log.open("w", encoding="utf-8") as out:
            words = [sys.executable, "-m", "taskfit", *self.command(case)]
            child = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, env=child_environment())
            _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said = log.read_text(encoding="utf-8")
        return {
            "name": case.name,
            "method": case.method,
            "set": case.rows,
            "model": case.model,
            "rows": self.rows[case.rows].count,
            "exit": child.returncode,
            "traceback": "Traceback" in said,
            "said": "" if child.returncode == 0 else said.strip().splitlines()[-1],
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "wall_seconds": time.perf_counter() - began,
            "bytes_peak": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            **(_ladder(folder) if case.rungs else _trained(folder)),
        }


def _trained(folder: Path) -> dict[str, Any]:
    """Return what a training found: the first metric before and after, or the loss."""
    found: dict[str, Any] = {"scores": []}
    if (path := folder / "loss.json").is_file():
        loss = json.loads(path.read_text(encoding="utf-8"))
        change = loss["change"]
        found["scores"].append(_score("loss", loss["base"], loss["trained"], change["high"] < 0))
    if (path := folder / "measurement.json").is_file():
        worth = json.loads(path.read_text(encoding="utf-8"))
        metric = next(iter(worth["trained"]["metrics"]))
        base, compared = worth["base"], worth["comparison"]
        better = None if compared is None else compared["difference"]["low"] > 0
        before = None if base is None else base["metrics"][metric]
        found["scores"].append(_score(metric, before, worth["trained"]["metrics"][metric], better))
        found["tokens_per_answer"] = worth["trained"]["cost"]["tokens_per_answer"]
    return found


def _score(metric: str, before: Any, after: Any, better: bool | None) -> dict[str, Any]:
    return {"metric": metric, "before": before, "after": after, "better": better}


def _ladder(folder: Path) -> dict[str, Any]:
    """Return what each rung of a ladder found."""
    path = folder / "report.json"
    if not path.is_file():
        return {"rungs": []}
    report = json.loads(path.read_text(encoding="utf-8"))
    rungs = []
    for one in report["measurements"]:
        metric = next(iter(one["metrics"]))
        rungs.append(
            {
                "rung": one["rung"],
                "metric": metric,
                "after": one["metrics"][metric],
                "cpu_seconds": one["cost"]["adapt_cpu_seconds"],
                "bytes_peak": one["cost"]["bytes_peak"],
                "forgotten": one["forgotten"],
            }
        )
    failed = [{"rung": one["rung"], "kind": one["kind"], "said": one["en"]} for one in report["failed"]]
    return {"rungs": rungs, "failed": failed, "verdict": report["verdict"]["en"]}


def measured(bench: Bench, cases: Sequence[Case], known: dict[str, Any], keep: Callable[[], None], jobs: int) -> None:
    """Run what has no result yet, early cases before late ones, `jobs` at a time."""

    def one(case: Case) -> None:
        known[case.name] = bench.run(case)
        keep()
        print(f"{case.name}: exit {known[case.name]['exit']}, {known[case.name]['cpu_seconds']:.0f} CPU s", flush=True)

    for late in (False, True):
        left = [case for case in cases if case.late == late and case.name not in known]
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(one, left))


def main() -> None:
    """Measure, write the results, and with --docs the pages."""
    shared = HERE.parent.parent / "shared"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "data", help="folder of the public rows")
    parser.add_argument("--models", type=Path, default=shared / "models", help="folder of stories260K and tangpoem")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "methods.json")
    parser.add_argument("--work", type=Path, default=Path("methods-work"), help="folder for rows, logs and runs")
    parser.add_argument("--rows", type=int, default=400, help="most rows to train on")
    parser.add_argument("--jobs", type=int, default=2, help="commands at a time, one thread each")
    parser.add_argument("--only", default="", help="only cases whose name contains one of these words (a,b)")
    parser.add_argument("--docs", action="store_true", help="write the tables of docs/methods*.md, too")
    asked = parser.parse_args()
    work = asked.work.resolve()
    models = {
        "tiny": "tiny",
        "minilm": str(minilm()),
        "stories": str(asked.models.resolve() / "stories260K-llama"),
        "tangpoem": str(asked.models.resolve() / "tangpoem-llama-0.75M"),
        "teacher": str(work / "runs" / TEACHER / "model"),
    }
    bench = Bench(work, write_rows(asked.data, work / "rows", asked.rows), models)
    cases = [*alone(), *ladders()]
    names = {case.name: None for case in cases}
    stored = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out.is_file() else {"cases": []}
    known = {one["name"]: one for one in stored["cases"] if one["name"] in names}
    chosen = [case for case in cases if any(word in case.name for word in asked.only.split(","))]

    def keep() -> None:
        payload = {
            "benchmark": "methods",
            "machine": machine(),
            "most_rows": asked.rows,
            "cases": [known[name] for name in names if name in known],
        }
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(json.dumps(payload, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    measured(bench, chosen, known, keep, asked.jobs)
    show(list(known.values()))
    if asked.docs:
        write_docs(list(known.values()))


if __name__ == "__main__":
    main()
