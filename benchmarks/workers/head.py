"""One measured worker of head.py: taskfit's head, the body run once over the rows, its penalty chosen on dev."""

import argparse
import json
from pathlib import Path

import torch
from common import say_result
from workers.clock import Clock
from workers.ladder_taskfit import TASK, examples_of

from taskfit.core.example import Practice
from taskfit.core.meter import Meter
from taskfit.core.method import Desk
from taskfit.engine.machine import fast_matmul
from taskfit.methods.head import Head
from taskfit.model.open import open_local


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--task", type=Path, required=True, help="JSON with train, dev and test rows")
    parser.add_argument("--variant", required=True, choices=("fp32", "bf16"))
    parser.add_argument("--epochs", type=int, required=True, help="nothing to do here: the head is solved")
    parser.add_argument("--batch", type=int, required=True)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    parts = {name: examples_of(rows, name) for name, rows in json.loads(chosen.task.read_text("utf-8")).items()}
    model = open_local(chosen.model, dtype={"fp32": "float32", "bf16": "bfloat16"}[chosen.variant])
    clock = Clock()
    with fast_matmul():
        desk = Desk(folder=Path("head"), cache=Path("cache"), rung="head", trials=3)
        with clock.part("adapt"):
            predictor = Head().adapt(model, TASK, Practice(parts["train"], parts["dev"]), desk)
        answers = [one.answer for one in predictor.predict(parts["test"], Meter())]
    right = sum(answer == example.target for answer, example in zip(answers, parts["test"], strict=True))
    say_result({"seconds": [clock.cpu["adapt"]] * chosen.epochs, "accuracy": right / len(answers)})


if __name__ == "__main__":
    main()
