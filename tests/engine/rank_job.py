"""Train a tiny model by one process or by several that were forked from this one (only one imports torch).

Run as `rank_job.py MODEL FOLDER JOBS`, where JOBS is a JSON list of jobs: {"name", "ranks", "settings", "rows", "fault"}.
"stop" ends a job after so many steps, "from" names the job whose checkpoints it shares. Each rank leaves its losses and
its rows in FOLDER/NAME/rank-R.json. Prints one JSON object: for each job the
exit codes of its ranks and its seconds.
"""

import contextlib
import json
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from taskfit.core.errors import DataError, TaskfitError
from taskfit.core.method import Desk
from taskfit.core.text import same
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.loop import LoopSettings, train
from taskfit.engine.ranks import desk_of_rank, joined
from taskfit.model.local import LocalModel
from taskfit.model.open import open_local

TEXTS = [
    "the cat sat 好",
    "good dog",
    "坏 电影 很 不",
    "dog ran to see",
    "a bad mat",
    "see why",
    "it was good and the dog",
]


def _fault(kind: str, rank: int, step: int) -> None:
    if rank != 1 or step != 4:
        return
    if kind == "raise":
        raise RuntimeError("something of mine broke")
    if kind == "refuse":
        raise DataError(same("this row is bad"))
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "halt":
        os.kill(os.getpid(), signal.SIGSTOP)


@dataclass
class Told(TokenLearner):
    """Notes the rows of every training loss, and breaks where a test wants it."""

    rank: int = 0
    fault: str = ""
    told: list[list[int]] = field(default_factory=list)

    def loss(self, rows: Any, total: float) -> torch.Tensor:
        """See Learner."""
        if self.model.network.training:
            self.told.append(list(rows))
            _fault(self.fault, self.rank, len(self.told))
        return super().loss(rows, total)


def work(model: LocalModel, folder: Path, job: dict[str, Any]) -> None:
    """Train as one rank and tell what was seen."""
    with joined() as ranks:
        rows = [Row(ids, [True] * len(ids)) for ids in model.encode(TEXTS[: job["rows"]])]
        learner = Told(model.fork(), rows, rank=ranks.rank, fault=job.get("fault", ""))
        seen: dict[str, Any] = {"rows": learner.told, "losses": []}

        def emit(event: Any) -> None:
            assert ranks.lead
            if event.kind == "train.step":
                seen["losses"].append(event.data["loss"])

        def evaluate() -> float:
            assert ranks.lead
            with torch.inference_mode():
                return -float(learner.loss([0, 1], 5.0))

        settings = LoopSettings(**{"epochs": 3, "batch": 4, "lr": 3e-3, "patience": None, **job["settings"]})
        desk = Desk(folder, folder, emit=emit, stop=lambda: len(learner.told) == job.get("stop"))
        with desk_of_rank(desk) as own:
            assert (own.folder == folder) == ranks.lead
            assert (own.folder / "before.txt").read_text() == "of the lead"
            if not ranks.lead:
                (own.folder / "before.txt").write_text("of nobody")
        assert (folder / "before.txt").read_text() == "of the lead"
        assert own.folder.exists() == ranks.lead
        kept = folder.parent / job.get("from", job["name"]) / "checkpoints"
        try:
            result = train(learner, settings, desk=desk, folder=kept, evaluate=evaluate)
            seen["scores"] = [point.dev_score for point in result.curve]
            seen["weights"] = {name: p.detach().flatten()[:50].tolist() for name, p in learner.trained().items()}
        finally:
            (folder / f"rank-{ranks.rank}.json").write_text(json.dumps(seen))


def start(model: LocalModel, folder: Path, job: dict[str, Any], rank: int, port: int) -> int:
    """Fork one rank and return its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    place = {
        "RANK": rank,
        "LOCAL_RANK": rank,
        "WORLD_SIZE": job["ranks"],
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
    }
    os.environ.update({key: str(value) for key, value in place.items()})
    with (folder / f"errors-{rank}.txt").open("w") as errors:
        os.dup2(errors.fileno(), 2)
        try:
            work(model, folder, job)
            code = 0
        except TaskfitError as problem:
            sys.stderr.write(f"{problem}\n")
            code = problem.exit_code
        except KeyboardInterrupt:
            code = 130
        finally:
            os._exit(code)


def run(model: LocalModel, folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Run a job to its end, or for 40 seconds, and return the exit codes of its ranks."""
    folder.mkdir()
    (folder / "before.txt").write_text("of the lead")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    waiting = {rank: start(model, folder, job, rank, port) for rank in range(job["ranks"])}
    codes: dict[int, int | None] = {}
    halted = job.get("fault") == "halt"
    while len(codes) < job["ranks"] - halted and time.monotonic() - begun < 40:
        for rank, child in waiting.items():
            if rank not in codes and (done := os.waitpid(child, os.WNOHANG))[0]:
                codes[rank] = os.waitstatus_to_exitcode(done[1])
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    for rank, child in waiting.items():
        if rank not in codes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return {"codes": [codes.get(rank) for rank in range(job["ranks"])], "seconds": seconds}


def main(name: str, folder: Path, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    """Run the jobs one after another; as a rank that torchrun started, take part in the first."""
    torch.set_num_threads(1)
    model = open_local(name)
    if "RANK" in os.environ:
        work(model, folder / jobs[0]["name"], jobs[0])
        return {}
    return {job["name"]: run(model, folder / job["name"], job) for job in jobs}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))) + "\n")
