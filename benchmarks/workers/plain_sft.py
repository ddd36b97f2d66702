"""The plain computation that sft.py compares losses with: transformers, padded batches, torch's AdamW, float32.

Only the plan (order of rows, learning rate of each step) comes from taskfit; nothing of its engine computes here.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from common import say_result
from material import PROMPT, asked, read_rows
from workers.clock import cpu_seconds

from taskfit.engine.loop import LoopSettings, lr_at, rows_of_step


def encoded(
    tokenizer: Any, rows: list[dict[str, str]], longest: int, *, whole: bool
) -> list[tuple[list[int], list[int]]]:
    """Return ids and labels of every row; the prompt is not learned, unless `whole`."""
    made = []
    for row in rows:
        prompt = tokenizer(PROMPT.format(asked=asked(row)))["input_ids"]
        answer = tokenizer(row["output"] + tokenizer.eos_token)["input_ids"]
        before = prompt if whole else [-100] * len(prompt)
        made.append(((prompt + answer)[:longest], (before + answer)[:longest]))
    return made


def trained_weights(model: Any, way: str) -> Any:
    """Return the network with the weights of this way ready to train."""
    if way == "lora":
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(0)
        inside = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and ".layers." in n]
        return get_peft_model(model, LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=inside))
    if way == "last":
        model.requires_grad_(False)
        for part in (*model.model.layers[-2:], model.model.norm):
            part.requires_grad_(True)
    return model


def main() -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--alpaca", type=Path, required=True)
    parser.add_argument("--way", required=True, choices=("full", "lora", "last", "pretrain"))
    parser.add_argument("--variant", default="fp32")
    for name in ("rows", "batch", "max-length", "epochs"):
        parser.add_argument(f"--{name}", type=int, required=True)
    chosen = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(chosen.model)
    rows = read_rows(chosen.alpaca)[: chosen.rows]
    data = encoded(tokenizer, rows, chosen.max_length, whole=chosen.way == "pretrain")
    model = trained_weights(AutoModelForCausalLM.from_pretrained(chosen.model, dtype=torch.float32), chosen.way)
    weights = [p for p in model.parameters() if p.requires_grad]
    settings = LoopSettings(epochs=chosen.epochs, batch=chosen.batch, lr=1e-4)
    optimizer = torch.optim.AdamW(weights, lr=settings.lr, weight_decay=0.0)
    steps = -(-len(data) // settings.batch) * chosen.epochs
    began, cpu, losses, tokens, slots, targets = cpu_seconds(), [], [], [], [], []
    for step in range(steps):
        batch = [data[row] for row in rows_of_step(len(data), settings.batch, settings.seed, step)]
        longest = max(len(ids) for ids, _ in batch)
        ids = torch.tensor([row + [0] * (longest - len(row)) for row, _ in batch])
        labels = torch.tensor([known + [-100] * (longest - len(known)) for _, known in batch])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row, _ in batch])
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, settings.clip)
        for group in optimizer.param_groups:
            group["lr"] = lr_at(step, steps, settings)
        optimizer.step()
        optimizer.zero_grad()
        cpu.append(cpu_seconds())
        losses.append(float(loss.detach()))
        tokens.append(int(mask.sum()))
        slots.append(mask.numel())
        targets.append(int((labels != -100).sum()))
    trained = sum(p.numel() for p in weights)
    facts = {"began": began, "cpu": cpu, "losses": losses, "trained": trained}
    say_result({"tokens": tokens, "slots": slots, "targets": targets, **facts})


if __name__ == "__main__":
    main()
