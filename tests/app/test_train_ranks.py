"""The public `train` under several ranks: it returns on all of them when everything is written, and says the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tiny_models import TinyModels
from tiny_models import tiny as tiny

SCRIPT = Path(__file__).with_name("train_ranks.py")


def test_every_rank_gets_the_folder_of_the_result_and_finds_it_whole(tiny: TinyModels, tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("\n".join(f"the {number} good dog sat" for number in range(20)))
    asked = {
        "method": "pretrain",
        "settings": {"lr": 1e-3, "max_steps": 2, "batch": 4, "looks": 1},
        "model": str(tiny.folder("llama")),
        "rows": str(tmp_path / "book.txt"),
        "run": str(tmp_path / "run"),
        "threads": 1,
    }
    command = [sys.executable, str(SCRIPT), json.dumps(asked), str(tmp_path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == [0, 0], done.stderr[-3000:]
    told = [json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    assert told[0] == told[1] == {"result": str(tmp_path / "run" / "model"), "whole": True}
