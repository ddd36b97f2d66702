"""The built-in example: a held-out task of the world as rows and task file; `python -m taskfit.data.world.example FOLDER`."""

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

from taskfit.core.files import write_atomic
from taskfit.core.text import Language
from taskfit.data.world.tasks import HELD_OUT, Row, WorldTask, draw_task

ROWS, THINGS_IN_IT, TEAMS = 900, 28, 4
ENDINGS: dict[Language, str] = {"en": "", "zh": ".zh"}
SEEDS: dict[Language, int] = {"en": HELD_OUT + 4, "zh": HELD_OUT + 3}


def example_task(language: Language) -> WorldTask:
    """Return the task of the built-in example."""
    return draw_task(SEEDS[language], language=language, keys=THINGS_IN_IT, labels=TEAMS)


def example_rows(language: Language) -> list[Row]:
    """Return its rows; no text occurs twice."""
    task, random = example_task(language), Random(SEEDS[language])
    rows: dict[str, Row] = {}
    while len(rows) < ROWS:
        row = task.row(random, random.choice(task.keys))
        rows.setdefault(row.text, row)
    return list(rows.values())


def write_example(folder: Path) -> None:
    """Write the rows and the task file of both languages into `folder`."""
    for language, ending in ENDINGS.items():
        rows = example_rows(language)
        write_atomic(folder / f"rows{ending}.csv", _as_csv(rows).encode())
        write_atomic(folder / f"task{ending}.yaml", _as_yaml(example_task(language), f"rows{ending}.csv").encode())


def _as_csv(rows: Sequence[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("text", "team"))
    writer.writerows((row.text, row.label) for row in rows)
    return out.getvalue()


def _as_yaml(task: WorldTask, rows: str) -> str:
    about = (
        "# 虚构小世界里的一个任务：由商品决定哪个组回答消息；每种商品归哪个组，模型从未学过。"
        if task.language == "zh"
        else "# A task of the small invented world: the product decides which team answers a message.\n"
        "# Which product belongs to which team was drawn for this task alone; the model never saw it."
    )
    return (
        f"{about}\n"
        "task:\n"
        "  kind: classify\n"
        f'  instruction: "{task.instruction}"\n'
        f"  labels: [{', '.join(task.labels)}]\n"
        "rows:\n"
        f"  train: {rows}\n"
        "  test_share: 0.45\n"
        "  dev_share: 0.15\n"
        "  columns: {text: text, label: team}\n"
        "model: tiny\n"
        "seeds: 1\n"
        "trials: 3\n"
    )


if __name__ == "__main__":
    write_example(Path(sys.argv[1]))
