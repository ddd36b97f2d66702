"""The dataset doctor without a model on 52,000 instruction rows: wall time and memory on two cores, CPU seconds by check.

The rows are those of alpagasus random_9k, again and again, each copy with words of its own so that copies are no duplicates,
and the Chinese Alpaca rows of LLaMA-Factory's demo. `--scale 20` makes a million rows of them: memory must stay bounded.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import HERE, Job, interleaved, median, parser_of, table, write_results

ROWS = 52_000
BEGIN, END = "<!-- figures -->", "<!-- end figures -->"
AIM_SECONDS, AIM_BYTES = 15.0, 1_000_000_000


def data_folder() -> Path:
    """Return the folder of real rows that is not part of the project."""
    return Path(os.environ.get("TASKFIT_TEST_DATA") or HERE.parent.parent / "shared" / "data")


def made_rows(count: int) -> Iterator[dict[str, Any]]:
    """Yield so many instruction rows: real ones, and copies of them with other words at the start, middle and end."""
    data = data_folder()
    english = json.loads((data / "alpagasus" / "random_9k.json").read_text(encoding="utf-8"))
    chinese = json.loads((data / "llamafactory_demo" / "alpaca_zh_demo.json").read_text(encoding="utf-8"))
    for number in range(count):
        turn, place = divmod(number, len(english) + len(chinese))
        row = dict(english[place] if place < len(english) else chinese[place - len(english)])
        yield row if turn == 0 else changed(row, turn)


def changed(row: dict[str, Any], turn: int) -> dict[str, Any]:
    """Return a row with every second and third word of its texts marked by the turn: no near copy of the first."""

    def other(text: str) -> str:
        if " " not in text:
            return "".join(
                one if place % 3 else f"{chr(0x4E00 + (turn * 131 + ord(one)) % 5000)}"
                for place, one in enumerate(text)
            )
        return " ".join(
            one if place % 3 else f"{one[:3]}{turn * 7 + place % 11}" for place, one in enumerate(text.split(" "))
        )

    return {name: other(value) if isinstance(value, str) else value for name, value in row.items()}


def figures_table(results: Path, *, chinese: bool) -> str:
    """Return the table of the guide: all result files of this benchmark, and the dearest checks of the first."""
    files = [
        path
        for path in (results / "doctor.json", results / "doctor-4.json", results / "doctor-20.json")
        if path.exists()
    ]
    found = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    head = (
        ("行数", "秒（2 个进程）", "CPU 秒", "内存 MB：主进程 / 子进程")
        if chinese
        else ("rows", "seconds (two processes)", "CPU seconds", "peak MB: parent / child")
    )
    rows = [
        (
            f"{one['figures']['rows']:,}",
            f"{one['figures']['seconds_with_start']:.1f}",
            f"{one['figures']['cpu_seconds']:.1f}",
            f"{one['figures']['bytes_parent'] / 1e6:,.0f} / {one['figures']['bytes_child'] / 1e6:,.0f}",
        )
        for one in found
    ]
    dearest = sorted(found[0]["cpu_by_check"].items(), key=lambda one: -one[1])
    named = ", ".join(f"`{name}` {seconds:.1f}" for name, seconds in dearest[:8])
    rest = sum(seconds for _, seconds in dearest[8:])
    machine = found[0]["machine"]
    line = (
        f"{len(dearest)} 项检查的 CPU 秒数（{found[0]['figures']['rows']:,} 行）：{named}；其余合计 {rest:.1f}。{machine['processor']}，{machine['date']}。"
        if chinese
        else f"CPU seconds of {len(dearest)} checks on {found[0]['figures']['rows']:,} rows: {named}; all others together {rest:.1f}. "
        f"{machine['processor']}, {machine['date']}."
    )
    return f"{table(head, rows)}\n\n{line}"


def fill_guides(results: Path) -> None:
    """Write the figures into the guide of the doctor, in both languages."""
    for name, chinese in (("data-check.md", False), ("data-check.zh.md", True)):
        page = HERE.parent / "docs" / name
        before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        _, end, after = rest.partition(END)
        page.write_text(
            f"{before}{begin}\n\n{figures_table(results, chinese=chinese)}\n\n{end}{after}", encoding="utf-8"
        )


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only-docs", action="store_true", help="only write the stored figures into the guide")
    asked = parser.parse_args()
    if asked.only_docs:
        fill_guides(asked.results)
        return
    rows = ROWS * asked.scale
    with tempfile.TemporaryDirectory() as desk:
        path = Path(desk) / "rows.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in made_rows(rows))
        job = Job(f"{rows:,} rows", HERE / "workers" / "doctor.py", (str(path), "--processes", str(asked.processes)))
        runs = interleaved([job], asked.repeat)[job.name]
    by_check = {
        name: median(runs, lambda run, name=name: run.facts["cpu_by_check"][name])
        for name in runs[0].facts["cpu_by_check"]
    }
    figures = {
        "rows": rows,
        "processes": asked.processes,
        "seconds": median(runs, lambda run: run.facts["seconds"]),
        "seconds_with_start": median(runs, lambda run: run.wall_seconds),
        "cpu_seconds": median(runs, lambda run: run.cpu_seconds),
        "bytes_parent": median(runs, lambda run: run.facts["bytes_parent"]),
        "bytes_child": median(runs, lambda run: run.facts["bytes_child"]),
        "aim_seconds": AIM_SECONDS * asked.scale,
        "aim_bytes": AIM_BYTES,
    }
    print(table(("figure", "value"), list(figures.items())))
    slowest = sorted(by_check.items(), key=lambda one: -one[1])
    print(table(("check", "CPU seconds"), [(name, f"{seconds:.3f}") for name, seconds in slowest]))
    suffix = "" if asked.scale == 1 else f"-{asked.scale}"
    payload = {"figures": figures, "cpu_by_check": by_check, "findings": runs[0].facts["findings"]}
    write_results(f"doctor{suffix}", payload, asked.results)


if __name__ == "__main__":
    main()
