"""One measured worker of memory.py: a few steps of taskfit, the most memory they needed, and what imports alone need.

With --give-back the C library gives every block above 1 MB back to the system as soon as it is free; as it is, glibc
keeps free blocks of up to 32 MB in its heap, and a step frees and asks for hundreds of them in another order.
"""

import argparse
import ctypes
import re
from pathlib import Path
from typing import Any

import peft  # noqa: F401  (counted with the imports)
import torch
import transformers  # noqa: F401
from common import say_result

from taskfit.core.meter import bytes_peak_since_reset, reset_bytes_peak
from taskfit.core.method import Desk
from taskfit.engine.features import freeze_stream, pooled
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.loop import LoopSettings, train
from taskfit.engine.machine import fast_matmul
from taskfit.engine.recompute import recompute_layers
from taskfit.methods.full import Full
from taskfit.methods.last_layers import LastLayers
from taskfit.methods.lora import Lora
from taskfit.model.local import LocalModel
from taskfit.model.open import open_local

M_MMAP_THRESHOLD = -3  # malloc.h of glibc
METHODS = {"full": Full, "lora": Lora, "last_layers": LastLayers}


def resident() -> int:
    """Return the resident bytes of this process now."""
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--way", required=True, choices=(*METHODS, "head"))
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--give-back", action="store_true")
    for name in ("rows", "batch", "length", "steps"):
        parser.add_argument(f"--{name}", type=int, required=True)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.give_back:
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1_000_000)
    with fast_matmul():
        pooled(open_local("tiny"), [[1, 2, 3]], "last")  # what a first model brings with it: modules, kernels
        imports = resident()
        model = open_local(chosen.model, dtype="float32" if chosen.way == "full" else chosen.precision)
        drawn = torch.randint(10, model.card.vocabulary, (chosen.rows, chosen.length))
        rows = [row.tolist() for row in drawn]
        reset_bytes_peak()
        run(model, rows, chosen)
    say_result({"imports": imports, "peak": bytes_peak_since_reset()})


def run(model: LocalModel, rows: list[list[int]], chosen: argparse.Namespace) -> None:
    """Train a few steps (or compute the features that a head reads)."""
    if chosen.way == "head":
        pooled(model, rows, "last")
        return
    base: Any = model
    if chosen.way == "full" and chosen.precision == "bfloat16":
        base = model.fork(dtype=torch.bfloat16)
    method = METHODS[chosen.way]()
    tuned = method.prepare(base, 0)
    if chosen.checkpointing:
        recompute_layers(tuned)
    below = method.frozen_below(tuned.card)
    stream = freeze_stream(tuned, rows, below) if below else None
    data = [Row(ids, [1] * len(ids)) for ids in rows]
    looks = iter(range(1, 10**6))  # better at every look, so that the best weights are kept as in real training
    train(
        TokenLearner(tuned, data, stream),
        LoopSettings(epochs=1, batch=chosen.batch, lr=1e-4, max_steps=chosen.steps, evaluations_per_epoch=10**3),
        desk=Desk(folder=Path("out"), cache=Path("cache")),
        evaluate=lambda: float(next(looks)),
    )


if __name__ == "__main__":
    main()
