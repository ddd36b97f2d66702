"""One measured worker of ladder.py: all six rungs by taskfit, one after the other in one process."""

import argparse
import json
from pathlib import Path

import torch
from common import say_result
from verbs import INSTRUCTION, LABELS
from workers.clock import Clock

from taskfit.core.example import Example, Practice, example_of
from taskfit.core.meter import Meter
from taskfit.core.method import Desk, Method
from taskfit.core.prediction import Prediction
from taskfit.core.task import Label, Task
from taskfit.engine.machine import fast_matmul
from taskfit.methods.few_shot import FewShot
from taskfit.methods.full import Full
from taskfit.methods.head import Head
from taskfit.methods.last_layers import LastLayers
from taskfit.methods.lora import Lora
from taskfit.methods.zero_shot import ZeroShot
from taskfit.model.open import open_local

TASK = Task("classify", INSTRUCTION, tuple(Label(name, name) for name in LABELS), ("accuracy",))


def rungs(epochs: int, batch: int, lr: float, shots: int) -> dict[str, Method]:
    """Return the rungs, each with one configuration and no search."""
    training = {"lr": lr, "epochs": epochs, "batch": batch, "weight_decay": 0.0, "patience": 1000}
    return {
        "zero_shot": ZeroShot(calibrate=False),
        "few_shot": FewShot(shots=shots, calibrate=False),
        "head": Head(decay=1e-2),
        "last_layers": LastLayers(layers=2, **training),
        "lora": Lora(r=8, alpha=16, **training),
        "full": Full(**training),
    }


def examples_of(rows: list[dict[str, str]], file: str) -> tuple[Example, ...]:
    """Return rows as examples."""
    return tuple(example_of(row["text"], row["label"], number=i + 1, file=file) for i, row in enumerate(rows))


def scores_of(predictions: list[Prediction]) -> list[list[float]]:
    """Return log-probabilities over the labels, [rows, labels]."""
    return [[(one.scores or {})[name] for name in LABELS] for one in predictions]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--task", type=Path, required=True, help="JSON with train, dev and test rows")
    parser.add_argument("--dtype", default="float32")
    for name in ("epochs", "batch", "shots"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--lr", type=float, required=True)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    parts = {name: examples_of(rows, name) for name, rows in json.loads(chosen.task.read_text("utf-8")).items()}
    clock, scores = Clock(), {}
    with clock.part("load"):
        model = open_local(chosen.model, dtype=chosen.dtype)
    with fast_matmul():
        for name, method in rungs(chosen.epochs, chosen.batch, chosen.lr, chosen.shots).items():
            desk = Desk(folder=Path(name), cache=Path("cache"), rung=name, trials=1)
            with clock.part(name):
                predictor = method.adapt(model, TASK, Practice(parts["train"], parts["dev"]), desk)
                scores[name] = scores_of(predictor.predict(parts["test"], Meter()))
    say_result({"cpu": clock.cpu, "wall": clock.wall, "scores": scores})


if __name__ == "__main__":
    main()
