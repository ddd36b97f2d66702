"""Several processes that train one model: together they are one process, and one that fails ends all with its message.

The processes are real ones, see rank_job.py; they talk over gloo on this machine.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from taskfit.core.errors import DataError, TaskfitError, TrainingError
from taskfit.core.text import Text
from taskfit.engine.checkpoint import find_checkpoint
from taskfit.engine.ranks import Ranks, current_ranks, joined
from taskfit.engine.watch import error_of, facts_of
from tiny_models import TinyModels

EXACT: dict[str, Any] = {"batch": 4, "clip": 0.5, "ema": 0.7, "weight_decay": 0.1, "evaluations_per_epoch": 2}


def _run(tiny: TinyModels, folder: Path, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    script = Path(__file__).with_name("rank_job.py")
    command = [sys.executable, str(script), str(tiny.folder("llama")), str(folder), json.dumps(jobs)]
    places = os.pathsep.join(str(Path(__file__).parents[depth]) for depth in (1, 2))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": places, "TASKFIT_LANG": "en"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _seen(folder: Path, rank: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"rank-{rank}.json").read_text())
    return found


def _rows_by_step(*ranks: list[list[int]]) -> list[list[int]]:
    """Put the parts of a step back into its order: rank r has every count-th row from r on."""
    steps = []
    for parts in zip(*ranks, strict=True):
        rows = [0] * sum(map(len, parts))
        for rank, part in enumerate(parts):
            rows[rank :: len(parts)] = part
        steps.append(rows)
    return steps


def test_two_processes_are_one(tiny: TinyModels, tmp_path: Path) -> None:
    # 7 rows in batches of 4: the last step of an epoch is uneven (2 rows and 1).
    jobs = [{"name": f"{n}", "ranks": n, "rows": 7, "settings": EXACT} for n in (1, 2)]
    found = _run(tiny, tmp_path, jobs)
    assert found["1"]["codes"] == [0]
    assert found["2"]["codes"] == [0, 0]
    one, lead, other = _seen(tmp_path / "1"), _seen(tmp_path / "2"), _seen(tmp_path / "2", 1)
    assert _rows_by_step([rows for _, rows in lead["rows"]], other["rows"]) == [rows for _, rows in one["rows"]]
    assert len(one["losses"]) == 6
    assert lead["losses"] == pytest.approx(one["losses"], rel=1e-5)
    assert one["losses"][-1] < 0.9 * one["losses"][0]  # so moved weights are compared, not only the first ones
    assert lead["scores"] == other["scores"] == pytest.approx(one["scores"], rel=1e-5)
    for name, weight in one["weights"].items():
        assert lead["weights"][name] == other["weights"][name], name  # to the last bit among ranks
        assert lead["weights"][name] == pytest.approx(weight, rel=1e-4, abs=1e-5), name


def test_a_rank_without_rows_waits_for_the_others(tiny: TinyModels, tmp_path: Path) -> None:
    # 5 rows in batches of 2: the last step of each epoch has one row, and rank 1 none.
    jobs = [{"name": f"{n}", "ranks": n, "rows": 5, "settings": {"batch": 2}} for n in (1, 2)]
    found = _run(tiny, tmp_path, jobs)
    assert found["2"]["codes"] == [0, 0]
    one, lead, other = _seen(tmp_path / "1"), _seen(tmp_path / "2"), _seen(tmp_path / "2", 1)
    assert len(lead["rows"]) == 9
    assert len(other["rows"]) == 6
    read = [row for part in [*(rows for _, rows in lead["rows"]), *other["rows"]] for row in part]
    assert sorted(read) == sorted([*range(5)] * 3)
    assert lead["losses"] == pytest.approx(one["losses"], rel=1e-5)


def test_a_rank_that_fails_ends_all_with_its_message(tiny: TinyModels, tmp_path: Path) -> None:
    saved = {"checkpoint_seconds": 0}
    faults = ["refuse", "raise", "kill"]
    jobs = [{"name": fault, "ranks": 2, "rows": 7, "settings": saved, "fault": fault} for fault in faults]
    found = _run(tiny, tmp_path, jobs)
    assert {name: job["codes"] for name, job in found.items()} == {
        "refuse": [DataError.exit_code] * 2,
        "raise": [1, 1],
        "kill": [1, -9],
    }
    assert all(job["seconds"] < 30 for job in found.values())
    told = {fault: (tmp_path / fault / "errors-0.txt").read_text() for fault in faults}
    assert told["refuse"] == "rank 1: this row is bad\n"
    assert told["raise"] == "rank 1: RuntimeError: something of mine broke\n"
    assert told["kill"].startswith("rank 1 is gone without a word")
    for fault in faults:
        whole = find_checkpoint(tmp_path / fault / "checkpoints")
        assert whole.torn == ()
        assert whole.checkpoint is not None
        assert whole.checkpoint.step == 3


@pytest.mark.slow  # waits for the silence of a rank that is stopped but not dead
def test_a_rank_that_is_stopped_ends_the_others(tiny: TinyModels, tmp_path: Path) -> None:
    found = _run(tiny, tmp_path, [{"name": "halt", "ranks": 2, "rows": 7, "settings": {}, "fault": "halt"}])
    assert found["halt"]["codes"] == [1, None]
    assert found["halt"]["seconds"] < 30
    assert (tmp_path / "halt" / "errors-0.txt").read_text().startswith("rank 1 is gone without a word")


def test_a_process_alone_is_the_lead_of_itself() -> None:
    with joined() as ranks:
        assert (ranks.rank, ranks.count, ranks.lead) == (0, 1, True)
        assert current_ranks() == Ranks()
        assert ranks.share([4, 5, 6]) == [4, 5, 6]
        assert ranks.sum([1.5]) == [1.5]
        assert ranks.told_by(0, {"a": 1}) == {"a": 1}


def test_rows_are_shared_without_loss() -> None:
    parts = [Ranks(rank, 3).share([9, 8, 7, 6, 5]) for rank in range(3)]
    assert parts == [[9, 6], [8, 5], [7]]


def test_an_error_keeps_its_kind_and_its_words_on_the_way() -> None:
    there = TrainingError(Text("the loss is nan", "损失为 nan"))
    here = error_of(3, facts_of(there))
    assert type(here) is TrainingError
    assert isinstance(here, TaskfitError)
    assert here.findings[0].what == Text("rank 3: the loss is nan", "进程 3：损失为 nan")
    unknown = error_of(1, facts_of(ValueError("odd")))
    assert type(unknown) is TaskfitError
    assert str(unknown) == "rank 1: ValueError: odd"
    assert isinstance(error_of(0, facts_of(KeyboardInterrupt())), KeyboardInterrupt)
