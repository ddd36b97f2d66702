"""Fill the tables of docs/performance.md from the result files; the text around them is written by hand.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; NAME is a result file, or FILE/WAY for one way to train.
"""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common import HERE, table

PAGE = HERE.parent / "docs" / "performance.md"
SPOT = re.compile(r"(<!-- table: (?P<name>[\w/-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
Facts = Mapping[str, Any]


def kshot(found: Facts) -> str:
    """Return the table of kshot_scoring.py."""
    head = ("way", "CPU ms per question", "times faster", "same answer", "largest difference of log p")
    rows = [
        (one["way"], one["range"], f"{one['ratio']}x", f"{one['same_answer']:.1%}", f"{one['largest_gap']:.0e}")
        for one in found["lines"]
    ]
    return table(head, rows) + settings_line(found)


def sft(found: Facts, way: str) -> str:
    """Return the table of one way of sft.py; ratios are taskfit bf16 over the line."""
    lines: Sequence[Facts] = found["ways"][way]["lines"]
    ours = next(one for one in lines if one["line"] == "taskfit bf16")
    head = ("configuration", "tokens / CPU s", "taskfit bf16 is faster by", "first step, CPU s", "peak MB", "padding")
    rows = [
        (
            one["line"],
            one["range"],
            f"{ours['tokens_per_cpu_second'] / one['tokens_per_cpu_second']:.2f}x",
            f"{one['first_step_cpu_seconds']:.1f}",
            f"{one['peak_mb']:,}",
            f"{one['padding']:.0%}",
        )
        for one in lines
    ]
    gap = found["ways"][way]["loss_gap_to_plain"]
    said = (
        "" if gap is None else f"\n\nLargest relative difference of a step's loss to the plain loop (fp32): {gap:.0e}."
    )
    return table(head, rows) + said + settings_line(found)


def ladder(found: Facts) -> str:
    """Return the table of ladder.py."""
    head = (
        "rung",
        "plain, CPU s",
        "taskfit fp32",
        "taskfit bf16",
        "same answers, fp32",
        "bf16",
        "largest difference of log p, fp32",
    )
    rows: list[tuple[str, ...]] = [
        (
            one["rung"],
            *(f"{one[key]:.2f}" for key in ("plain_cpu_seconds", "fp32_cpu_seconds", "bf16_cpu_seconds")),
            *("other algorithm",) * 3,
        )
        if one["rung"] == "head"
        else (
            one["rung"],
            *(f"{one[key]:.2f}" for key in ("plain_cpu_seconds", "fp32_cpu_seconds", "bf16_cpu_seconds")),
            *(f"{one[key]:.1%}" for key in ("fp32_same_answers", "bf16_same_answers")),
            f"{one['fp32_largest_gap']:.0e}",
        )
        for one in found["lines"]
    ]
    sums = found["sums"]
    for name, part in (("**all rungs**", "work"), ("whole processes, with imports", "processes")):
        ours = [f"{sums[f'{kind}_{part}']:.1f} (**{sums[f'{kind}_{part}_ratio']:.1f}x**)" for kind in ("fp32", "bf16")]
        rows.append((name, f"{sums[f'plain_{part}']:.1f}", *ours, "", "", ""))
    return table(head, rows) + settings_line(found)


def climb(found: Facts) -> str:
    """Return the table of climb_overhead.py."""
    rows = [(name, f"{one['cpu_seconds']:.1f}", f"{one['estimate']:.3f}") for name, one in found["rungs"].items()]
    rows += [("trained rungs together", f"{found['trained_cpu_seconds']:.1f}", "")]
    rows += [("whole climb", f"{found['climb_cpu_seconds']:.1f} (**{found['ratio']:.2f}x**)", "")]
    return table(("rung", "CPU s of adapting", "accuracy"), rows) + settings_line(found)


def head(found: Facts) -> str:
    """Return the table of head.py; ratios are over taskfit in the same precision."""
    epochs = found["settings"]["epochs"]
    names = ("configuration", "CPU s", "taskfit is faster by, 1 epoch", f"{epochs} epochs", "accuracy", "peak MB")
    rows = [
        (
            one["line"],
            one["range"],
            f"{one['ratio_one_epoch']:.1f}x",
            f"{one['ratio']:.1f}x",
            f"{one['accuracy']:.3f}",
            f"{one['peak_mb']:,}",
        )
        for one in found["lines"]
    ]
    return table(names, rows) + settings_line(found)


def settings_line(found: Facts) -> str:
    """Return where and how the figures were taken, in one line."""
    asked = ", ".join(f"{key} {value}" for key, value in found["settings"].items() if not isinstance(value, list))
    machine = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return f"\n\n{asked}. {machine['processor']}, {', '.join(machine['vector_units'])}; {versions}; {machine['date']}."


def filled(name: str, results: Path) -> str | None:
    """Return the table called `name`, or None when its result file is not there."""
    file, _, way = name.partition("/")
    path = results / f"{file}.json"
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    if way:
        return sft(found, way)
    makers = {"kshot_scoring": kshot, "ladder": ladder, "climb_overhead": climb, "head": head}
    return makers[found["benchmark"].partition("-")[0]](found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--page", type=Path, default=PAGE)
    chosen = parser.parse_args()

    def put(spot: re.Match[str]) -> str:
        made = filled(spot["name"], chosen.results)
        if made is None:
            print(f"no results for {spot['name']}: left as it is")
            return spot[0]
        return f"{spot[1]}\n{made}\n\n{spot[3]}"

    chosen.page.write_text(SPOT.sub(put, chosen.page.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"written: {chosen.page}")


if __name__ == "__main__":
    main()
