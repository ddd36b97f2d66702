"""One measured run of transformers' Trainer: AutoModelForSequenceClassification with its body frozen.

Runs in TRL's environment, which has the same transformers. Every epoch goes through the whole body, as users do it.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from common import say_result
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from verbs import INSTRUCTION, LABELS
from workers.clock import cpu_seconds

VARIANTS: dict[str, dict[str, object]] = {
    "fp32": {},
    "bf16": {"bf16": True},
    "grouped-bf16": {"bf16": True, "train_sampling_strategy": "group_by_length"},
}


class Epochs(TrainerCallback):
    """Reads the processor clock at the end of every epoch."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_epoch_end(self, _args: Any, _state: Any, _control: Any, **_what: Any) -> None:
        self.ends.append(cpu_seconds())


def encoded(tokenizer: Any, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return rows as the Trainer reads them: the conversation that taskfit asks, and the number of the label."""
    made = []
    for row in rows:
        talk = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": row["text"]}]
        text = tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True)
        ids = tokenizer(text)["input_ids"]
        made.append({"input_ids": ids, "attention_mask": [1] * len(ids), "labels": list(LABELS).index(row["label"])})
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--task", type=Path, required=True, help="JSON with train, dev and test rows")
    parser.add_argument("--variant", required=True, choices=tuple(VARIANTS))
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    parts = json.loads(chosen.task.read_text("utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(chosen.model, padding_side="right")
    model = AutoModelForSequenceClassification.from_pretrained(
        chosen.model, num_labels=len(LABELS), pad_token_id=tokenizer.pad_token_id, dtype=torch.float32
    )
    model.model.requires_grad_(False)
    epochs = Epochs()
    settings = TrainingArguments(
        output_dir="out",
        num_train_epochs=chosen.epochs,
        per_device_train_batch_size=chosen.batch,
        per_device_eval_batch_size=chosen.batch,
        learning_rate=1e-2,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        **VARIANTS[chosen.variant],  # type: ignore[arg-type]
    )
    began = cpu_seconds()
    trainer = Trainer(
        model,
        settings,
        data_collator=DataCollatorWithPadding(tokenizer),
        train_dataset=encoded(tokenizer, parts["train"]),  # type: ignore[arg-type]
        callbacks=[epochs],
    )
    trainer.train()
    found = trainer.predict(encoded(tokenizer, parts["test"]))  # type: ignore[arg-type]
    right = (found.predictions.argmax(-1) == found.label_ids).mean()  # its order may be by length
    say_result({"seconds": [end - began for end in epochs.ends], "accuracy": float(right)})


if __name__ == "__main__":
    main()
