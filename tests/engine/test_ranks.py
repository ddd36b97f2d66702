"""Several processes that train one model: together they are one process, and one that fails ends all with its message.

The processes are real ones, see rank_job.py; they talk over gloo on this machine.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.learners import Line, desk_at
from taskfit.core.errors import DataError, TaskfitError, TrainingError, UsageError
from taskfit.core.text import Text
from taskfit.engine.checkpoint import find_checkpoint
from taskfit.engine.loop import LoopSettings, train
from taskfit.engine.masters import masters_of
from taskfit.engine.ranks import Ranks, current_ranks, joined
from taskfit.engine.watch import error_of, facts_of
from tiny_models import TinyModels

EXACT: dict[str, Any] = {"batch": 4, "clip": 0.5, "ema": 0.7, "weight_decay": 0.1, "evaluations_per_epoch": 2}


SCRIPT = Path(__file__).with_name("rank_job.py")


def _start(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[1])}
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)


def _run(tiny: TinyModels, folder: Path, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    done = _start([sys.executable, str(SCRIPT), str(tiny.folder("llama")), str(folder), json.dumps(jobs)])
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


@pytest.fixture(scope="module")
def trained(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Leave what one process and two processes did with the same rows: 7 in batches of 4, so that every other step has 3."""
    folder = tmp_path_factory.mktemp("ranks")
    sharded = EXACT | {"parallel": "fsdp"}
    jobs: list[dict[str, Any]] = [
        {"name": "one", "ranks": 1, "rows": 7, "settings": EXACT},
        {"name": "ddp", "ranks": 2, "rows": 7, "settings": EXACT},
        {"name": "fsdp", "ranks": 2, "rows": 7, "settings": sharded},
        {"name": "half", "ranks": 2, "rows": 7, "settings": sharded, "stop": 3},
        {"name": "rest", "ranks": 2, "rows": 7, "settings": EXACT, "from": "half"},
    ]
    few = {"batch": 2}
    jobs += [
        {"name": "few-one", "ranks": 1, "rows": 5, "settings": few},
        {"name": "few-ddp", "ranks": 2, "rows": 5, "settings": few},
        {"name": "few-fsdp", "ranks": 2, "rows": 5, "settings": few | {"parallel": "fsdp"}},
    ]
    found = _run(tiny, folder, jobs)
    ends = {name: set(job["codes"]) for name, job in found.items()}
    assert ends == {name: {130 if name == "half" else 0} for name in ends}
    return folder


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_are_one(trained: Path, parallel: str) -> None:
    one, lead, other = _seen(trained / "one"), _seen(trained / parallel), _seen(trained / parallel, 1)
    assert _rows_by_step(lead["rows"], other["rows"]) == one["rows"]
    assert len(one["losses"]) == 6
    assert lead["losses"] == pytest.approx(one["losses"], rel=1e-5)
    assert one["losses"][-1] < 0.9 * one["losses"][0]  # so moved weights are compared, not only the first ones
    assert lead["scores"] == other["scores"] == pytest.approx(one["scores"], rel=1e-5)
    assert lead["weights"].keys() == one["weights"].keys()
    for name, weight in one["weights"].items():
        assert lead["weights"][name] == other["weights"][name], name  # to the last bit among ranks
        assert lead["weights"][name] == pytest.approx(weight, rel=1e-4, abs=1e-5), name


def test_a_run_of_shards_goes_on_without_them(trained: Path) -> None:
    one, half, rest = (_seen(trained / name) for name in ("one", "half", "rest"))
    assert len(half["losses"]) == 3
    assert [*half["losses"], *rest["losses"]] == pytest.approx(one["losses"], rel=1e-5)
    assert rest["scores"] == pytest.approx(one["scores"], rel=1e-5)


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_a_rank_without_rows_waits_for_the_others(trained: Path, parallel: str) -> None:
    # 5 rows in batches of 2: the last step of each epoch has one row, and rank 1 none of it.
    one, lead, other = _seen(trained / "few-one"), *(_seen(trained / f"few-{parallel}", rank) for rank in (0, 1))
    assert len(lead["rows"]) == 9
    if parallel == "ddp":
        assert sorted(row for part in [*lead["rows"], *other["rows"]] for row in part) == sorted([*range(5)] * 3)
    else:
        assert len(other["rows"]) == 9  # sharded, it runs a row whose loss counts zero
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


@pytest.mark.slow  # three processes import torch
def test_torchrun_ends_with_the_rank_that_was_killed(tiny: TinyModels, tmp_path: Path) -> None:
    (tmp_path / "kill").mkdir()
    (tmp_path / "kill" / "before.txt").write_text("of the lead")
    job = {"name": "kill", "ranks": 2, "rows": 7, "settings": {"checkpoint_seconds": 0}, "fault": "kill"}
    begun = time.monotonic()
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = _start([*torchrun, str(SCRIPT), str(tiny.folder("llama")), str(tmp_path), json.dumps([job])])
    assert done.returncode != 0
    assert time.monotonic() - begun < 60
    assert "Signal 9 (SIGKILL)" in done.stderr
    whole = find_checkpoint(tmp_path / "kill" / "checkpoints")
    assert whole.checkpoint is not None
    assert whole.checkpoint.step == 3


def test_what_cannot_be_shared_out_is_refused(tmp_path: Path) -> None:
    deepspeed = LoopSettings(epochs=1, batch=1, lr=0.1, parallel="deepspeed")
    with pytest.raises(UsageError, match="deepspeed is not built in; use parallel: fsdp"):
        train(Line(), deepspeed, desk=desk_at(tmp_path)[0])
    adafactor = LoopSettings(epochs=1, batch=1, lr=0.1, parallel="fsdp", optimizer="adafactor")
    with pytest.raises(UsageError, match=r"adafactor cannot step on parts of a matrix; .*: adagrad, adamw, lion"):
        masters_of(Line(), adafactor, Ranks(0, 2))
    with pytest.raises(UsageError, match="no weights of a model"):
        masters_of(Line(), replace(adafactor, optimizer="lion"), Ranks(0, 2))


def test_one_process_that_asks_for_more_is_told(tmp_path: Path) -> None:
    desk, events = desk_at(tmp_path)
    train(Line(), LoopSettings(epochs=1, batch=7, lr=0.1, parallel="fsdp"), desk=desk)
    told = [event.data["text"] for event in events if event.kind == "warning"]
    assert told == [
        {
            "en": "parallel: fsdp does nothing in one process; start more with torchrun --nproc-per-node",
            "zh": "单进程中 parallel: fsdp 不起作用；请用 torchrun --nproc-per-node 启动多个进程",
        }
    ]


def test_a_process_alone_is_the_lead_of_itself() -> None:
    with joined() as ranks:
        assert (ranks.rank, ranks.count, ranks.lead) == (0, 1, True)
        assert current_ranks() == Ranks()
        assert ranks.shares([4, 5, 6]) == {0: [4, 5, 6]}
        assert ranks.sum([1.5]) == [1.5]
        assert ranks.told_by(0, {"a": 1}) == {"a": 1}


def test_rows_are_shared_without_loss() -> None:
    assert Ranks(1, 3).shares([9, 8, 7, 6, 5]) == {0: [9, 6], 1: [8, 5], 2: [7]}


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
