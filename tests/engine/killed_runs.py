"""Train a tiny GPT-2 with dropout and a checkpoint after every step, killed at random moments and continued.

Run as `killed_runs.py MODEL FOLDER KILLS`. Each run is a forked child of this process, so that only one process has
to import torch. Prints one JSON object.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import torch

from taskfit.core.method import Desk
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.loop import LoopSettings, train
from taskfit.model.local import LocalModel
from taskfit.model.open import open_local

SETTINGS = LoopSettings(epochs=4, batch=3, lr=3e-3, evaluations_per_epoch=1, patience=99, checkpoint_seconds=0)


def run(model: LocalModel, folder: Path) -> None:
    """Train to the end, or on from a checkpoint, and leave a digest of everything."""
    rows = [Row(ids, [True] * len(ids)) for ids in model.encode(["the cat sat 好", "good", "坏 电影 很 不", "dog"] * 3)]
    learner = TokenLearner(model.fork(), rows)

    def evaluate() -> float:
        with torch.inference_mode():
            return -float(learner.loss([0, 1], 5.0))

    result = train(learner, SETTINGS, desk=Desk(folder, folder), folder=folder / "checkpoints", evaluate=evaluate)
    digest = hashlib.sha256(repr(result).encode())
    for path in sorted(max((folder / "checkpoints").glob("step-*")).iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    for name, parameter in learner.trained().items():
        digest.update(name.encode() + parameter.detach().numpy().tobytes())
    (folder / "digest").write_text(digest.hexdigest())


def start(model: LocalModel, folder: Path) -> int:
    """Start a run in a child process and return its id."""
    folder.mkdir(exist_ok=True)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run(model, folder)
            code = 0
        finally:
            os._exit(code)
    return child


def main(name: str, root: Path, kills: int) -> dict[str, Any]:
    """Return the digest of an undisturbed run and those of killed and continued ones."""
    torch.set_num_threads(1)
    model = open_local(name)
    begun = time.perf_counter()
    assert os.waitpid(start(model, root / "undisturbed"), 0)[1] == 0
    seconds = time.perf_counter() - begun
    drawn = random.Random(0)
    found: dict[str, Any] = {"undisturbed": (root / "undisturbed" / "digest").read_text(), "digests": []}
    killed: list[int] = []
    folder = root / "run-0"
    while len(killed) < kills or not (folder / "digest").exists():
        folder = root / f"run-{len(found['digests'])}"
        child = start(model, folder)
        if len(killed) < kills:
            time.sleep(drawn.uniform(0.0, 0.6) * seconds)
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        if status == 0:
            found["digests"].append((folder / "digest").read_text())
        elif os.WIFSIGNALED(status):
            killed.append(int(any((folder / "checkpoints").glob("step-*"))))
        else:
            raise SystemExit(f"a run failed in {folder}")
    return found | {"kills": len(killed), "killed_in_training": killed, "seconds": seconds}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))) + "\n")
