"""One measured worker of sft.py: supervised tuning of Alpaca rows by taskfit, with what it cost at every step."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from common import say_result
from material import PROMPT, asked, read_rows
from workers.clock import cpu_seconds

from taskfit.core.events import Event
from taskfit.core.method import Desk
from taskfit.engine.features import freeze_stream
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.loop import LoopSettings, rows_of_step, train
from taskfit.engine.machine import fast_matmul
from taskfit.methods.full import Full
from taskfit.methods.last_layers import LastLayers
from taskfit.methods.lora import Lora
from taskfit.model.local import LocalModel
from taskfit.model.open import open_local


def training_rows(model: LocalModel, rows: Sequence[dict[str, str]], longest: int, *, whole: bool) -> list[Row]:
    """Return the rows as tokens: the Alpaca prompt, then the answer and the end, which are learned (`whole`: all is)."""
    end = model.tokenizer.eos_token
    prompts = model.encode([PROMPT.format(asked=asked(row)) for row in rows])
    answers = model.encode([row["output"] + end for row in rows])
    made = []
    for prompt, answer in zip(prompts, answers, strict=True):
        ids = (prompt + answer)[:longest]
        made.append(Row(ids, [whole or place >= len(prompt) for place in range(len(ids))]))
    return made


def method_of(way: str) -> Full | LastLayers | Lora:
    """Return taskfit's method for a way to train."""
    return {"full": Full(), "pretrain": Full(), "last": LastLayers(layers=2), "lora": Lora(r=8, alpha=16)}[way]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--alpaca", type=Path, required=True)
    parser.add_argument("--way", required=True, choices=("full", "lora", "last", "pretrain"))
    parser.add_argument("--variant", required=True, choices=("fp32", "bf16"))
    for name in ("rows", "batch", "max-length", "epochs"):
        parser.add_argument(f"--{name}", type=int, required=True)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    model = open_local(chosen.model, dtype={"fp32": "float32", "bf16": "bfloat16"}[chosen.variant])
    rows = read_rows(chosen.alpaca)[: chosen.rows]
    data = training_rows(model, rows, chosen.max_length, whole=chosen.way == "pretrain")
    with fast_matmul():
        run(model, data, chosen)


def run(model: LocalModel, data: list[Row], chosen: argparse.Namespace) -> None:
    """Train and print the result line."""
    cpu: list[float] = []
    losses: list[float] = []

    def hear(event: Event) -> None:
        if event.kind == "train.step":
            cpu.append(cpu_seconds())
            losses.append(float(event.data["loss"]))

    method = method_of(chosen.way)
    tuned = method.prepare(model, seed=0)
    settings = LoopSettings(epochs=chosen.epochs, batch=chosen.batch, lr=1e-4)
    began = cpu_seconds()
    below = method.frozen_below(model.card)
    stream = freeze_stream(tuned, [row.ids for row in data], below) if below else None
    learner = TokenLearner(tuned, data, stream)
    desk = Desk(folder=Path("out"), cache=Path("cache"), emit=hear)
    result = train(learner, settings, desk=desk)
    steps = [rows_of_step(len(data), settings.batch, settings.seed, step) for step in range(result.steps)]
    tokens = [sum(learner.tokens(row) for row in rows) for rows in steps]
    targets = [sum(int(learner.weight(row)) for row in rows) for rows in steps]
    trained = sum(p.numel() for p in learner.trained().values())
    facts = {"began": began, "cpu": cpu, "losses": losses, "trained": trained}
    say_result({"tokens": tokens, "slots": tokens, "targets": targets, **facts})


if __name__ == "__main__":
    main()
