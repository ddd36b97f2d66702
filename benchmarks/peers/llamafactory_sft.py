"""One measured LLaMA-Factory run: supervised tuning of Alpaca rows (runs in LLaMA-Factory's environment)."""

import argparse
import json
from pathlib import Path

from llamafactory.train.tuner import run_exp
from material import PROMPT, asked, read_rows
from peers.probe import StepProbe

# What a variant changes; everything else is LLaMA-Factory's default. Packed rows hold about four examples.
VARIANTS: dict[str, dict[str, object]] = {
    "default": {},
    "default-no-checkpointing": {"disable_gradient_checkpointing": True},
    "bf16": {"bf16": True, "disable_gradient_checkpointing": True},
    "neat-bf16": {"bf16": True, "disable_gradient_checkpointing": True, "packing": True, "neat_packing": True},
}
WAYS: dict[str, dict[str, object]] = {
    "full": {"finetuning_type": "full"},
    "lora": {"finetuning_type": "lora", "lora_rank": 8, "lora_alpha": 16, "lora_target": "all"},
    "last": {"finetuning_type": "freeze", "freeze_trainable_layers": 2},
    # Its pre-training packs by itself: texts are joined and cut into blocks.
    "pretrain": {"stage": "pt", "finetuning_type": "full", "neat_packing": False},
}
EXAMPLES_PER_PACKED_ROW = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("model", "alpaca", "way", "variant"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("rows", "batch", "max-length", "epochs"):
        parser.add_argument(f"--{name}", type=int, required=True)
    chosen = parser.parse_args()
    rows = read_rows(Path(chosen.alpaca))[: chosen.rows]
    entry: dict[str, object] = {"file_name": "rows.json"}
    if chosen.way == "pretrain":
        rows = [{"text": PROMPT.format(asked=asked(row)) + row["output"]} for row in rows]
        entry["columns"] = {"prompt": "text"}
    Path("rows.json").write_text(json.dumps(rows), encoding="utf-8")
    Path("dataset_info.json").write_text(json.dumps({"rows": entry}), encoding="utf-8")
    changes = VARIANTS[chosen.variant]
    batch = chosen.batch // EXAMPLES_PER_PACKED_ROW if changes.get("packing") else chosen.batch
    probe = StepProbe(pad_id=0)
    settings = {
        "stage": "sft",
        "do_train": True,
        "model_name_or_path": chosen.model,
        "dataset": "rows",
        "dataset_dir": ".",
        "template": "alpaca",
        "cutoff_len": chosen.max_length,
        "output_dir": "out",
        "num_train_epochs": chosen.epochs,
        "per_device_train_batch_size": batch,
        "gradient_accumulation_steps": 1,
        "learning_rate": 1e-4,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
        **changes,
        **WAYS[chosen.way],
    }
    run_exp(args=settings, callbacks=[probe])
    probe.say("llamafactory")


if __name__ == "__main__":
    main()
