"""The memory planner against published figures, and against what this machine measures.

Without words: reads the published figures (--points, else ../shared/reference/memory_points.csv), prints the errors by
source, what was fitted on half of the sources and how it does on the other half, which figures cannot be, and writes
results/memory.json. --measure runs taskfit on this machine in a few settings, each in a process of its own, and compares
the peak of resident memory with the prediction; imports are counted apart. --docs fills the tables of docs/memory.md and
docs/memory.zh.md from the result files.
"""

import argparse
import json
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from common import HERE, Job, measure, write_results
from memory_tables import fill, shown

RESULTS = HERE / "results"
FITTED_ON = ("ms-swift", "PEFT")
HELD_OUT = ("Qwen README", "litgpt")
SOURCES = (*HELD_OUT, *FITTED_ON)
ROOM_TABLE = (("llama-2-7b", "Llama-2 7B"), ("llama-2-13b", "Llama-2 13B"))


@dataclass(frozen=True)
class Setting:
    """One setting to be measured here."""

    way: str
    batch: int
    length: int
    checkpointing: bool = False
    precision: str = "float32"
    rows: int = 16
    steps: int = 2


SETTINGS = (
    Setting("full", 8, 256),
    Setting("full", 16, 256, checkpointing=True),
    Setting("full", 8, 256, precision="bfloat16"),
    Setting("lora", 8, 256),
    Setting("last_layers", 16, 256),
    Setting("head", 16, 256),
)


def points_file(argument: str | None) -> Path | None:
    """Return the file of published figures: the argument, else TASKFIT_BENCH_POINTS, else the shared one; None: absent."""
    shared = HERE.parents[1] / "shared" / "reference" / "memory_points.csv"
    path = Path(argument or os.environ.get("TASKFIT_BENCH_POINTS", str(shared))).expanduser()
    return path if path.is_file() else None


def published(path: Path) -> dict[str, Any]:
    """Return the errors over all figures that were measured while training on one device."""
    from points import is_training, read_points

    points = read_points(path)
    training = [one for one in points if is_training(one)]
    asked = [one for one in training if one.order is not None]
    return {
        "rows": len(training),
        "sources": [errors_of(source, [one for one in asked if one.source == source]) for source in SOURCES],
        "all": errors_of("all", asked),
        "left_out": left_out(training),
        "fit": fit(asked),
        "varied_by_model": fit_varied(asked),
        "too_large": out_of_memory(points),
        "impossible": impossible(points),
        "worst": worst(asked),
        "answering": errors_of(
            "answering", [one for one in points if one.row["method"] == "inference" and one.order is not None]
        ),
    }


def errors_of(name: str, points: Iterable[Any], constants: Any = None) -> dict[str, Any]:
    """Return number, median and 90th percentile of relative errors, and their middle with sign."""
    signed = sorted(error(one, constants) for one in points)
    sizes = sorted(map(abs, signed))
    ninety = sizes[min(len(sizes) - 1, int(0.9 * len(sizes)))]
    return {
        "name": name,
        "rows": len(sizes),
        "median": statistics.median(sizes),
        "p90": ninety,
        "largest": sizes[-1],
        "bias": statistics.median(signed),
    }


def error(point: Any, constants: Any = None) -> float:
    """Return predicted over measured, less one."""
    from taskfit.plan.planner import CONSTANTS, estimate

    return estimate(point.shape, point.order, constants or CONSTANTS).total / point.measured - 1


def left_out(points: Iterable[Any]) -> dict[str, int]:
    """Return how many figures could not be asked for, by reason."""
    reasons = [f"{one.source}: {one.why_not}" for one in points if one.order is None]
    return {reason: reasons.count(reason) for reason in sorted(set(reasons))}


def fit(points: Sequence[Any]) -> dict[str, Any]:
    """Fit both slacks on half of the sources, by the mean relative error, and return the errors on the other half."""
    from taskfit.plan.planner import Constants

    own = [one for one in points if one.source in FITTED_ON]
    other = [one for one in points if one.source in HELD_OUT]
    steps = [
        Constants(slack=slack / 20, slack_varied=varied / 20) for slack in range(20, 29) for varied in range(24, 53)
    ]
    best = min(steps, key=lambda one: statistics.mean(abs(error(point, one)) for point in own))
    return {
        "constants": asdict(best),
        "fitted": errors_of("fitted", own, best),
        "held_out": errors_of("x", other, best),
    }


def fit_varied(points: Sequence[Any]) -> dict[str, Any]:
    """Fit the slack of batches of different lengths on the Qwen models of ms-swift; return the errors on its others."""
    from taskfit.plan.planner import Constants

    swift = [one for one in points if one.source == "ms-swift"]
    own = [one for one in swift if "qwen" in one.row["model"]]
    other = [one for one in swift if "qwen" not in one.row["model"]]
    steps = [Constants(slack_varied=varied / 20) for varied in range(24, 53)]
    best = min(steps, key=lambda one: statistics.mean(abs(error(point, one)) for point in own))
    return {
        "slack_varied": best.slack_varied,
        "fitted": errors_of("fitted", own, best),
        "held_out": errors_of("x", other, best),
    }


def out_of_memory(points: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the settings that ran out of a card's memory, and whether the planner lets them fit (40 GB and 40 GiB)."""
    from taskfit.plan.fits import fits
    from taskfit.plan.planner import estimate

    return [
        {
            "id": one.row["id"],
            "what": f"{one.row['model']}, {one.row['quant'] or 'bf16'}, batch {one.row['micro_batch']}",
            "devices": one.row["n_gpus"],
            "predicted": estimate(one.shape, one.order).total,
            "fits_40GB": fits(one.shape, one.order, 40e9),
            "fits_40GiB": fits(one.shape, one.order, 40 * 2**30),
        }
        for one in points
        if one.row["kind"] == "oom_bound"
    ]


def impossible(points: Iterable[Any]) -> list[dict[str, Any]]:
    """Return public figures below what the numbers themselves take; 2 % are left for rounding."""
    found = []
    for one in points:
        if one.row["kind"] == "oom_bound" or one.row["n_gpus"] != "1":
            continue
        least, why = floor(one)
        if least and one.measured < 0.98 * least:
            what = f"{one.row['model']}, {one.row['method']}"
            source = one.row["source"].split('"')[0].strip()
            facts = {"id": one.row["id"], "what": what, "said": one.measured, "least": least, "why": why}
            found.append({**facts, "source": source})
    return found


def floor(point: Any) -> tuple[float, str]:
    """Return the fewest bytes that a figure can be, and what they are."""
    row = point.row
    if row["kind"] == "formula" or not row["params_b"]:
        return 0.0, ""
    count = point.shape.parameters if point.shape is not None else float(row["params_b"]) * 1e9
    method, stated = row["method"], f"{row['optimizer']} {row['quant']}"
    if method.startswith("full") and "+" not in method:
        return 8.0 * count, "weights, gradients and two moments in 16 bits"
    if "qlora" in method or row["quant"]:
        bits = next((number for number in (2, 8) if f"{number} bit" in stated or f"int{number}" in stated), 4)
        return bits / 8 * count, f"weights in {bits} bits"
    return 2.0 * count, "weights in 16 bits"


def worst(points: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the ten figures that are missed by most."""
    ordered = sorted(points, key=lambda one: -abs(error(one)))[:10]
    return [
        {
            "id": one.row["id"],
            "what": f"{one.source}: {one.row['model']}, {one.row['method']}, {one.row['micro_batch']} x {one.row['seq_len']}",
            "measured": one.measured,
            "error": error(one),
        }
        for one in ordered
    ]


def two_models() -> list[dict[str, Any]]:
    """Return what Llama-2 7B and 13B need in taskfit and in the Trainer of transformers: 1 x 2,048 tokens, bfloat16."""
    from taskfit.plan.known import known
    from taskfit.plan.order import Order
    from taskfit.plan.planner import estimate

    lines = []
    for name, title in ROOM_TABLE:
        shape = known(name)
        assert shape is not None
        for way in ("full", "lora", "qlora"):
            order = Order(way, checkpointing=True)
            adamw = replace(order, framework="transformers")
            mixed = replace(adamw, framework="deepspeed")
            needs = {"taskfit": order, "transformers": adamw, "deepspeed": mixed}
            lines.append(
                {
                    "model": title,
                    "way": way,
                    "trained": estimate(shape, order).trained,
                    **{framework: estimate(shape, asked).total for framework, asked in needs.items()},
                }
            )
    return lines


def measured(alpaca: str | None, results: Path) -> dict[str, Any]:
    """Run the settings here, one after the other; return and write prediction beside measurement."""
    from material import alpaca_file, have_shape

    folder = have_shape("m60", alpaca_file(alpaca))
    lines: list[dict[str, Any]] = []
    for setting in SETTINGS:
        lines.append(compared(setting, folder))
        write_results("memory-measured", {"model": "m60", "lines": lines}, results)
    return {"model": "m60", "lines": lines}


def predicted_again(folder: Path, alpaca: str | None) -> None:
    """Put into the result file what the planner says now of the settings that were measured."""
    from material import alpaca_file, have_shape

    path, shape = folder / "memory-measured.json", have_shape("m60", alpaca_file(alpaca))
    found = json.loads(path.read_text(encoding="utf-8"))
    found["lines"] = [predicted(line, shape) for line in found["lines"]]
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(shown("measured", found))


def compared(setting: Setting, folder: Path) -> dict[str, Any]:
    """Measure one setting, in a process that gives memory back at once and in one with the heap as it is."""
    numbers = {"rows": setting.rows, "batch": setting.batch, "length": setting.length, "steps": setting.steps}
    words = [word for key, value in numbers.items() for word in (f"--{key}", str(value))]
    words += ["--model", str(folder), "--way", setting.way, "--precision", setting.precision]
    words += ["--checkpointing"] if setting.checkpointing else []
    name, script = f"{setting.way} {setting.batch} x {setting.length}", HERE / "workers" / "memory.py"
    jobs = [Job(name, script, (*words, *more)) for more in (("--give-back",), ())]
    with ThreadPoolExecutor(len(jobs)) as both:
        run, as_it_is = both.map(measure, jobs)
    facts = {**asdict(setting), "imports": run.facts["imports"], "peak": run.facts["peak"]}
    facts["model_parts"] = facts["peak"] - facts["imports"]
    facts["model_parts_heap"] = as_it_is.facts["peak"] - as_it_is.facts["imports"]
    line = predicted(facts, folder)
    print(
        f"{setting}: measured {line['model_parts'] / 1e6:.0f} MB",
        f"predicted {line['predicted'] / 1e6:.0f}",
        flush=True,
    )
    return line


def predicted(facts: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a measured setting with what the planner says of it."""
    from taskfit.plan.order import Order
    from taskfit.plan.planner import CONSTANTS, estimate
    from taskfit.plan.read import read_shape

    order = Order(
        facts["way"],
        batch=facts["batch"],
        length=facts["length"],
        precision=facts["precision"],
        checkpointing=facts["checkpointing"],
        rows=facts["rows"],
        place="cpu",
    )
    found = estimate(read_shape(str(folder)), order)
    said = found.total - CONSTANTS.imports
    told = {"predicted": said, "error": said / facts["model_parts"] - 1, "moment": found.moment}
    return {**facts, **told, "parts": dict(found.parts)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", default=None, help="CSV file of published figures")
    parser.add_argument("--measure", action="store_true", help="measure on this machine")
    parser.add_argument("--again", action="store_true", help="predict again what was measured; the planner has changed")
    parser.add_argument("--alpaca", default=None, help="Alpaca rows, from which the measured model's tokenizer is made")
    parser.add_argument("--docs", action="store_true", help="fill the tables of docs/memory.md and docs/memory.zh.md")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the result files")
    chosen = parser.parse_args()
    if chosen.docs:
        fill(HERE.parent / "docs", chosen.results)
        return
    if chosen.again:
        predicted_again(chosen.results, chosen.alpaca)
        return
    if chosen.measure:
        print(shown("measured", measured(chosen.alpaca, chosen.results)))
        return
    path = points_file(chosen.points)
    if path is None:
        print("No published figures here; give the CSV file with --points FILE.")
        return
    found = {**published(path), "two_models": two_models()}
    for name in ("errors", "fit", "too-large", "impossible", "worst", "two-models"):
        print(f"\n{name}\n{shown(name, found)}")
    print(f"\n{found['rows']} rows measured while training on one device; left out: {found['left_out']}")
    answering = found["answering"]
    print(f"answering: {answering['rows']} rows, median {answering['median']:.1%}, 90 % within {answering['p90']:.1%}")
    write_results("memory", found, chosen.results)


if __name__ == "__main__":
    main()
