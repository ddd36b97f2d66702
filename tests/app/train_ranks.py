"""Call the public `train` as each of two ranks at once, and leave what it returned: `train_ranks.py SETTINGS FOLDER`.

The lead is slow to write its last file, as it is where test rows are many.
"""

import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import torch

import taskfit.app.train as training


def as_rank(rank: int, port: int, settings: dict[str, Any], folder: Path) -> None:
    """Train as one rank."""
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({key: str(value) for key, value in place.items()})
    leave = training._leave

    def slowly(*told: Any) -> None:
        time.sleep(1.5)
        leave(*told)

    with mock.patch.object(training, "_leave", slowly):
        found = training.train(training.TrainSettings.read(settings))
    told = {"result": str(found), "whole": (found / "config.json").is_file()}
    (folder / f"rank-{rank}.json").write_text(json.dumps(told))


def main(settings: dict[str, Any], folder: Path) -> list[int]:
    """Run both ranks and return their exit codes."""
    torch.set_num_threads(1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = []
    for rank in range(2):
        child = os.fork()
        if not child:
            code = 1
            try:
                as_rank(rank, port, settings, folder)
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]), Path(sys.argv[2]))) + "\n")
