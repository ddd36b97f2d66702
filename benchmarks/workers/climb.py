"""One measured worker of climb_overhead.py: `taskfit climb` as a user runs it, then what its rungs wrote down."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from common import say_result


def rung_costs(run: Path) -> dict[str, dict[str, float]]:
    """Return, for every finished rung, its result and the processor and wall seconds of adapting under all seeds."""
    found = {}
    for path in sorted(run.glob("rungs/*/measurement.json")):
        measurement = json.loads(path.read_text(encoding="utf-8"))
        seeds = [
            json.loads(seed.read_text(encoding="utf-8"))["adapt"]
            for seed in sorted(path.parent.glob("seed-*/seed.json"))
        ]
        found[measurement["rung"]] = {
            "cpu_seconds": sum(seed["cpu_seconds"] for seed in seeds),
            "wall_seconds": sum(seed["seconds"] for seed in seeds),
            "estimate": next(iter(measurement["metrics"].values()))["estimate"],
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs=argparse.REMAINDER, help="words for `taskfit climb`, after --")
    words = [word for word in parser.parse_args().words if word != "--"]
    subprocess.run([sys.executable, "-m", "taskfit", "climb", *words, "--run", "run"], check=False)
    if not Path("run/report.json").is_file():
        raise SystemExit("the climb did not finish")
    say_result({"rungs": rung_costs(Path("run"))})


if __name__ == "__main__":
    main()
