"""One measured TRL run: supervised tuning of Alpaca rows (runs in TRL's environment)."""

import argparse
from pathlib import Path

import torch
from datasets import Dataset
from material import PROMPT, asked, read_rows
from peers.probe import StepProbe
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

# What a variant changes; everything else is TRL's default. Packed rows hold about four examples of 130 tokens.
VARIANTS: dict[str, dict[str, object]] = {
    "default": {"bf16": True},
    "default-no-checkpointing": {"bf16": True, "activation_checkpointing": False},
    "fp32": {"bf16": False, "activation_checkpointing": False},
    "grouped-bf16": {"bf16": True, "activation_checkpointing": False, "train_sampling_strategy": "group_by_length"},
    "packing-bf16": {"bf16": True, "activation_checkpointing": False, "packing": True, "packing_strategy": "bfd"},
}
EXAMPLES_PER_PACKED_ROW = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("model", "alpaca", "way", "variant"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("rows", "batch", "max-length", "epochs"):
        parser.add_argument(f"--{name}", type=int, required=True)
    chosen = parser.parse_args()
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(chosen.model)
    rows = read_rows(Path(chosen.alpaca))[: chosen.rows]
    end = tokenizer.eos_token
    pairs = [(PROMPT.format(asked=asked(row)), row["output"] + end) for row in rows]
    if chosen.way == "pretrain":
        data = Dataset.from_list([{"text": prompt + answer} for prompt, answer in pairs])
    else:
        data = Dataset.from_list([{"prompt": prompt, "completion": answer} for prompt, answer in pairs])
    model = AutoModelForCausalLM.from_pretrained(chosen.model, dtype=torch.float32)
    lora = None
    if chosen.way == "lora":
        lora = LoraConfig(task_type="CAUSAL_LM", r=8, lora_alpha=16, target_modules="all-linear")
    if chosen.way == "last":
        model.requires_grad_(False)
        for layer in model.model.layers[-2:]:
            layer.requires_grad_(True)
    changes = VARIANTS[chosen.variant]
    batch = chosen.batch // EXAMPLES_PER_PACKED_ROW if changes.get("packing") else chosen.batch
    args = SFTConfig(
        output_dir="out",
        num_train_epochs=chosen.epochs,
        per_device_train_batch_size=batch,
        max_length=chosen.max_length,
        learning_rate=1e-4,
        logging_steps=1,
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        **changes,
    )
    probe = StepProbe(tokenizer.pad_token_id)
    trainer = SFTTrainer(
        model=model, args=args, train_dataset=data, peft_config=lora, processing_class=tokenizer, callbacks=[probe]
    )
    trainer.train()
    probe.say("trl")


if __name__ == "__main__":
    main()
