"""One measured worker of ladder.py: one rung by itself, with padded transformers, PEFT and harness-style requests.

The same rows, order, learning rates, dev choice and prompts as taskfit's rung: only the plan (order of rows, learning
rate of a step, which shots, how a dev score is read) is taken from taskfit; nothing of its engine computes here.
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import say_result
from verbs import INSTRUCTION, LABELS
from workers.clock import Clock
from workers.ladder_taskfit import TASK, examples_of
from workers.padded_requests import loglikelihoods

from taskfit.engine.asking import draw_shots
from taskfit.engine.calibrate import dev_value
from taskfit.engine.loop import LoopSettings, lr_at, rows_of_step

Rows = list[dict[str, str]]
RUNGS = ("zero_shot", "few_shot", "head", "last_layers", "lora", "full")


class PlainRung:
    """Plain transformers on the rows of the ladder."""

    def __init__(self, chosen: argparse.Namespace, parts: dict[str, Rows], tokenizer: Any) -> None:
        self.chosen, self.parts, self.tokenizer = chosen, parts, tokenizer
        self.settings = LoopSettings(epochs=chosen.epochs, batch=chosen.batch, lr=chosen.lr)

    def prompt(self, text: str, shown: Rows = []) -> str:  # noqa: B006 - never changed
        """Return the conversation that asks about `text`, by the model's own chat template."""
        talk = [{"role": "system", "content": INSTRUCTION}]
        for row in shown:
            talk += [{"role": "user", "content": row["text"]}, {"role": "assistant", "content": row["label"]}]
        talk.append({"role": "user", "content": text})
        return str(self.tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True))

    def shots(self) -> Rows:
        """Return the examples that taskfit draws for its first set."""
        drawn = draw_shots(
            TASK, examples_of(self.parts["train"], "train"), self.chosen.shots, np.random.default_rng([0, 0])
        )
        return [{"text": one.text, "label": str(one.target)} for one in drawn]

    def label_scores(self, model: Any, rows: Rows, shown: Rows = []) -> Any:  # noqa: B006
        """Return log p(label | prompt) [rows, labels], one padded request per row and label."""
        asked = [(self.prompt(row["text"], shown), label) for row in rows for label in LABELS]
        values = loglikelihoods(model, self.tokenizer, asked, self.chosen.request_batch)
        return np.array(values).reshape(len(rows), len(LABELS))

    def training_rows(self) -> list[tuple[list[int], list[int]]]:
        """Return ids and labels: the question, then the answer and one token that ends the turn, which are learned."""
        made = []
        for row in self.parts["train"]:
            prompt = self.prompt(row["text"])
            known, said = (len(self.tokenizer(text)["input_ids"]) for text in (prompt, prompt + row["label"]))
            whole = self.tokenizer(prompt + row["label"] + self.answer_end())["input_ids"][: said + 1]
            made.append((whole, [-100] * known + whole[known:]))
        return made

    def answer_end(self) -> str:
        """Return what the chat template writes after an answer."""
        talk = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "ANSWER"}]
        return str(self.tokenizer.apply_chat_template(talk, tokenize=False)).rpartition("ANSWER")[2]

    def batch(self, data: list[tuple[list[int], list[int]]], rows: list[int]) -> dict[str, torch.Tensor]:
        """Return a right-padded batch."""
        longest = max(len(data[row][0]) for row in rows)
        width = [longest - len(data[row][0]) for row in rows]
        return {
            "input_ids": torch.tensor([data[row][0] + [0] * pad for row, pad in zip(rows, width, strict=True)]),
            "attention_mask": torch.tensor(
                [[1] * len(data[row][0]) + [0] * pad for row, pad in zip(rows, width, strict=True)]
            ),
            "labels": torch.tensor([data[row][1] + [-100] * pad for row, pad in zip(rows, width, strict=True)]),
        }

    def train_words(self, model: Any) -> None:
        """Train to say the labels; keep the weights with the best dev score."""
        data = self.training_rows()
        weights = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=self.chosen.lr, weight_decay=0.0)
        per_epoch = math.ceil(len(data) / self.settings.batch)
        steps = per_epoch * self.chosen.epochs
        gold = [list(LABELS).index(row["label"]) for row in self.parts["dev"]]
        best, kept = -math.inf, [p.detach().clone() for p in weights]
        for step in range(steps):
            model.train()
            model(**self.batch(data, rows_of_step(len(data), self.settings.batch, 0, step))).loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, self.settings.clip)
            for group in optimizer.param_groups:
                group["lr"] = lr_at(step, steps, self.settings)
            optimizer.step()
            optimizer.zero_grad()
            if (step + 1) % per_epoch == 0:
                model.eval()
                score = dev_value(self.label_scores(model, self.parts["dev"]), gold)
                if score > best:
                    best, kept = score, [p.detach().clone() for p in weights]
        with torch.no_grad():
            for weight, value in zip(weights, kept, strict=True):
                weight.copy_(value)
        model.eval()

    def head_scores(self) -> Any:
        """Train a classification head on the frozen body, padded batches, every epoch through the whole body."""
        from transformers import AutoModelForSequenceClassification

        torch.manual_seed(0)
        model = AutoModelForSequenceClassification.from_pretrained(
            self.chosen.model, num_labels=len(LABELS), pad_token_id=0
        )
        model.model.requires_grad_(False)
        optimizer = torch.optim.AdamW(model.score.parameters(), lr=1e-2)
        train = [self.tokenizer(self.prompt(row["text"]))["input_ids"] for row in self.parts["train"]]
        targets = [list(LABELS).index(row["label"]) for row in self.parts["train"]]
        for step in range(math.ceil(len(train) / self.settings.batch) * self.chosen.epochs):
            rows = rows_of_step(len(train), self.settings.batch, 0, step)
            batch = self.tokenizer.pad({"input_ids": [train[row] for row in rows]}, return_tensors="pt")
            model(**batch, labels=torch.tensor([targets[row] for row in rows])).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        found = []
        for start in range(0, len(self.parts["test"]), self.settings.batch):
            texts = [self.prompt(row["text"]) for row in self.parts["test"][start : start + self.settings.batch]]
            with torch.no_grad():
                found.append(model(**self.tokenizer(texts, padding=True, return_tensors="pt")).logits.numpy())
        return np.concatenate(found)


def ready(model: Any, rung: str) -> Any:
    """Return the network with this rung's weights ready to train."""
    if rung == "lora":
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(0)
        inside = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and ".layers." in n]
        return get_peft_model(model, LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=inside))
    if rung == "last_layers":
        model.requires_grad_(False)
        for part in (*model.model.layers[-2:], model.model.norm):
            part.requires_grad_(True)
    return model


def main() -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rung", choices=RUNGS, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--task", type=Path, required=True)
    for name in ("epochs", "batch", "shots", "request-batch"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--lr", type=float, required=True)
    chosen = parser.parse_args()
    clock = Clock()
    with clock.part("load"):
        tokenizer = AutoTokenizer.from_pretrained(chosen.model, padding_side="right")
        model = AutoModelForCausalLM.from_pretrained(chosen.model, dtype=torch.float32).eval()
    rung = PlainRung(chosen, json.loads(chosen.task.read_text("utf-8")), tokenizer)
    with clock.part(chosen.rung):
        if chosen.rung == "head":
            values = rung.head_scores()
        else:
            shown = rung.shots() if chosen.rung == "few_shot" else []
            if chosen.rung not in ("zero_shot", "few_shot"):
                model = ready(model, chosen.rung)
                rung.train_words(model)
            values = rung.label_scores(model, rung.parts["test"], shown)
    logp = values - np.logaddexp.reduce(values.astype(np.float64), axis=1, keepdims=True)
    say_result({"cpu": clock.cpu, "wall": clock.wall, "scores": {chosen.rung: logp.tolist()}})


if __name__ == "__main__":
    main()
