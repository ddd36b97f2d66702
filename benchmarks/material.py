"""Material of the benchmarks: Alpaca rows, a tokenizer trained on them, Llama shapes with random weights.

Run as a script it writes one shape to disk; benchmarks do that once, in a process of its own.
"""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path

from common import HERE, Job, bench_home, measure, say_result

SHAPES = {
    # 13.8M and 54.9M parameters, tied embeddings
    "tiny15": {
        "vocab_size": 8192,
        "hidden_size": 384,
        "intermediate_size": 1024,
        "num_hidden_layers": 6,
        "num_attention_heads": 6,
    },
    "m60": {
        "vocab_size": 32000,
        "hidden_size": 512,
        "intermediate_size": 1408,
        "num_hidden_layers": 12,
        "num_attention_heads": 8,
    },
}
# Taori et al. 2023, Stanford Alpaca: the prompt with and without an input.
PROMPT = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.\n\n### Instruction:\n{asked}\n\n### Response:\n"
)
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def alpaca_file(argument: str | None) -> Path:
    """Return the Alpaca file: the argument, else TASKFIT_BENCH_ALPACA, else the shared rows beside the repository."""
    shared = HERE.parents[1] / "shared" / "data" / "alpagasus" / "random_9k.json"
    path = Path(argument or os.environ.get("TASKFIT_BENCH_ALPACA", str(shared))).expanduser()
    if not path.is_file():
        raise SystemExit(
            f"No Alpaca rows at {path}. Give a JSON file of instruction/input/output rows with --alpaca FILE."
        )
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows that have an instruction and an output, stripped."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [
        {key: row.get(key, "").strip() for key in ("instruction", "input", "output")}
        for row in rows
        if row["instruction"].strip() and row["output"].strip()
    ]


def asked(row: Mapping[str, str]) -> str:
    """Return what the user says: the instruction and, on a new line, its input."""
    return row["instruction"] + ("\n" + row["input"] if row["input"] else "")


def shape_folder(shape: str) -> Path:
    """Return where a shape's model and tokenizer lie."""
    return bench_home() / "material" / shape


def have_shape(shape: str, alpaca: Path) -> Path:
    """Return the folder of a shape; make it first when it is not there."""
    folder = shape_folder(shape)
    if not (folder / "model.safetensors").exists():
        measure(Job(f"make {shape}", HERE / "material.py", (shape, str(alpaca))))
    return folder


def write_shape(shape: str, alpaca: Path) -> None:
    """Train the tokenizer on the rows and write it with a random-weight model (seed 0, float32)."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    letters = pre_tokenizers.ByteLevel.alphabet()
    size = SHAPES[shape]["vocab_size"]
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=letters, show_progress=False
    )
    bpe.train_from_iterator((asked(row) + "\n" + row["output"] for row in read_rows(alpaca)), trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token="<pad>", bos_token="<s>", eos_token="</s>")
    tokenizer.chat_template = CHAT
    torch.manual_seed(0)
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    config = LlamaConfig(**SHAPES[shape], max_position_embeddings=2048, tie_word_embeddings=True, **ids)
    model = LlamaForCausalLM(config)
    folder = shape_folder(shape)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)  # the weights are written last: present = finished
    say_result({"parameters": model.num_parameters(), "vocabulary": len(tokenizer)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=tuple(SHAPES))
    parser.add_argument("alpaca", type=Path)
    chosen = parser.parse_args()
    write_shape(chosen.shape, chosen.alpaca)


if __name__ == "__main__":
    main()
