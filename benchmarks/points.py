"""Published memory figures as orders for the planner: one row of the CSV file, one Order, or the reason why there is none.

Nothing here is fitted: what a row does not say is taken from the program it names, and written down below.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskfit.plan.change import Knobs
from taskfit.plan.known import known
from taskfit.plan.order import Order
from taskfit.plan.shape import Shape
from taskfit.plan.sizes import Packing

Row = Mapping[str, str]
GIB = 2.0**30
A100 = 80 * GIB

SHAPES = {
    "Qwen-1.8B": "qwen-1.8b",
    "qwen-1_8b-chat": "qwen-1.8b",
    "Qwen-7B": "qwen-7b",
    "qwen-7b-chat": "qwen-7b",
    "Qwen-14B": "qwen-14b",
    "qwen-14b-chat": "qwen-14b",
    "Qwen-72B": "qwen-72b",
    "qwen-72b-chat": "qwen-72b",
    "chatglm3-6b": "chatglm3-6b",
    "yi-6b-chat": "yi-6b",
    "yi-34b-chat": "yi-34b",
    "openbuddy-zephyr-7b-chat": "mistral-7b",
    "baichuan2-7b-chat": "baichuan2-7b",
    "baichuan2-13b-chat": "baichuan2-13b",
    "phi-1.5 1.3 B": "phi-1.5",
    "StableLM Alpha 3 B": "stablelm-alpha-3b",
    "Llama 2 7 B": "llama-2-7b",
    "Llama 2 13 B": "llama-2-13b",
    "Llama 2 70 B": "llama-2-70b",
    "CodeLlama 34 B": "codellama-34b",
    "Falcon 40 B": "falcon-40b",
    "falcon-7b": "falcon-7b",
    "Llama-3.2-3B": "llama-3.2-3b",
    "Llama 3.1 8B": "llama-3.1-8b",
    "Llama 3.1 70B": "llama-3.1-70b",
    "Llama 3.1 405B": "llama-3.1-405b",
}
SOURCES = {
    "QwenLM": "Qwen README",
    "ms-swift": "ms-swift",
    "litgpt": "litgpt",
    "peft@": "PEFT",
    "ChatGLM-Eff": "ChatGLM-ET",
}
# Where LoRA stands by default in ms-swift 2: the matrices that make queries, keys and values.
ATTENTION_IN = ("c_attn", "q_proj", "k_proj", "v_proj", "query_key_value", "W_pack")
# PEFT's benchmark sorts 20 batches by length and empties the cache every 10 steps: what is reserved on average is that of
# about the four-fifths longest of 20, 1.4 times the mean of 209 tokens.
MEAN_RESERVED_LENGTH = 290
NOT_BUILT = ("galore", "LISA", "llamapro", "boft", "loha", "oft", "osf", "vera", "ln_tuning", "trainable_tokens")


@dataclass(frozen=True)
class Point:
    """One published figure, its bytes, and what the planner is asked for it; `why_not` when it cannot be asked."""

    row: Row
    source: str
    shape: Shape | None
    order: Order | None
    why_not: str = ""

    @property
    def measured(self) -> float:
        """Published bytes."""
        return float(self.row["memory"]) * (GIB if self.row["unit"] == "GiB" else 1e9)


def read_points(path: Path) -> list[Point]:
    """Return all figures of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_point(row) for row in csv.DictReader(file)]


def is_training(point: Point) -> bool:
    """Tell whether a figure was measured, on one device, while training."""
    row = point.row
    return row["kind"] == "measured" and row["n_gpus"] == "1" and row["method"] != "inference"


def _point(row: Row) -> Point:
    source = next((name for word, name in SOURCES.items() if word in row["source"]), row["source"])
    name = SHAPES.get(row["model"])
    shape = None if name is None else known(name)
    made = "length not stated" if source == "ChatGLM-ET" else "no shape, only a size"
    if shape is not None:
        made = _order(row, source)
    if isinstance(made, str):
        return Point(row, source, shape, None, made)
    return Point(row, source, shape, made)


def _order(row: Row, source: str) -> Order | str:
    method = row["method"]
    if method == "inference":
        return _answering(row)
    if row["kind"] not in ("measured", "oom_bound"):
        return "length not stated"
    if "unspecified" in method:
        return "method not stated"
    if any(word in method for word in NOT_BUILT):
        return "a method that taskfit does not have"
    asked: dict[str, Any] = {
        "batch": int(row["micro_batch"]),
        "length": int(row["seq_len"]),
        "packing": _packing(row["quant"]),
        "checkpointing": row["grad_ckpt"].startswith("yes"),
        "devices": int(row["n_gpus"]),
    }
    return {"Qwen README": _qwen, "ms-swift": _swift, "litgpt": _litgpt, "PEFT": _peft}[source](row, asked)


def _packing(quant: str) -> Packing:
    """bnb.nf4-dq: doubly quantised scales; bnb.nf4, and int4 of bitsandbytes in ms-swift: plain ones."""
    if not quant or "KV" in quant:
        return ""
    if "ptq" in quant.lower():
        return "gptq8" if "int8" in quant else "gptq4"
    if "int8" in quant:
        return "int8"
    return "nf4" if quant.endswith("-dq") else "nf4-plain"


def _answering(row: Row) -> Order | str:
    if not row["seq_len"] and row["framework"] != "litgpt":
        return "length not stated"
    packing, precision = _packing(row["quant"]), "float32" if row["weights_precision"].startswith("32") else "bfloat16"
    count = "allocated" if row["framework"] == "litgpt" else "all"
    batch, length = int(row["micro_batch"] or 1), int(row["seq_len"] or 256)
    if row["n_gpus"] != "1" or "int8 KV" in row["quant"]:
        return "several devices, or a packed cache"
    return Order(
        "inference", batch=batch, length=length, packing=packing, precision=precision, counted=count, framework="litgpt"
    )


def _qwen(row: Row, asked: dict[str, Any]) -> Order | str:
    """finetune.py: accumulation 8; all weights and QLoRA under DeepSpeed, LoRA with bf16 autocast; fixed lengths."""
    if asked["devices"] > 1:
        return "several devices"
    full = row["method"] == "full"
    program = "deepspeed" if full or row["method"] == "qlora" else "transformers"
    whole = ("embedding", "head") if "embedding" in row["method"] else ()
    knobs = Knobs(rank=int(row["lora_rank"] or 8), targets=("c_attn", "c_proj", "w1", "w2"), whole=whole)
    return Order("full" if full else "lora", knobs, framework=program, accumulation=True, **asked)


def _swift(row: Row, asked: dict[str, Any]) -> Order | str:
    """Pure bf16, accumulation to 16 rows, batches of different lengths, figures reserved by PyTorch on an A100-80G.

    ChatGLM3's own code has no flash attention.
    """
    if asked["devices"] > 1:
        return "several devices"
    eager = row["flash_attn"] == "no" or "chatglm" in row["model"]
    more = {
        "framework": "swift",
        "accumulation": asked["batch"] < 16,
        "varied": True,
        "card": A100,
        "counted": "reserved",
        "attention": "eager" if eager else "flash",
    }
    if row["method"] == "full":
        return Order("full", **more, **asked)
    if row["method"].startswith("adapter"):
        return Order("adapter", Knobs(size=64, form="houlsby"), **more, **asked)
    everywhere = row["lora_targets"] in ("ALL", "all linear")
    knobs = Knobs(rank=int(row["lora_rank"] or 8), targets=() if everywhere else ATTENTION_IN)
    return Order("lora", knobs, **more, **asked)


def _litgpt(row: Row, asked: dict[str, Any]) -> Order | str:
    """Everything in bf16, LoRA on queries and values (fused q, k, v: there), accumulation; allocated by tensors.

    Llama-Adapter is keys and values in front of rows; its second version also scales what every matrix gives. A card
    that was too small is asked for all it would hold.
    """
    measured = row["kind"] == "measured"
    sharing = "fsdp" if asked["devices"] > 1 else "ddp"
    more = {
        "framework": "litgpt",
        "accumulation": True,
        "counted": "allocated" if measured else "all",
        "precision": "mixed" if "fp32" in row["weights_precision"] else "bfloat16",
        "sharing": sharing,
    }
    if "adapter" not in row["method"]:
        fused = row["model"].startswith(("StableLM", "Falcon"))
        knobs = Knobs(rank=8, targets=("query_key_value",) if fused else ("q_proj", "v_proj"))
        return Order("lora", knobs, **more, **asked)
    if "v1" in row["method"]:
        return Order("prefix", Knobs(tokens=10), **more, **asked)
    shape = known(SHAPES[row["model"]])
    assert shape is not None
    return Order("ia3", Knobs(targets=tuple(one.name for one in shape.matrices)), **more, **asked)


def _peft(row: Row, asked: dict[str, Any]) -> Order | str:
    """Plain PyTorch loop, float32 adapters, figures reserved by PyTorch; the most, or the mean over steps."""
    if row["metric"].startswith("mean"):
        asked["length"] = MEAN_RESERVED_LENGTH
    more = {"framework": "transformers", "counted": "reserved"}
    method, targets = row["method"], tuple(row["lora_targets"].split(","))
    if method.startswith("full"):
        return Order("full", **more, **asked)
    if method.startswith(("prompt", "ptuning")):
        return Order("prompt", Knobs(tokens=100), **more, **asked)
    if method.startswith(("prefix", "adaptionprompt")):
        return Order("prefix", Knobs(tokens=100), **more, **asked)
    if method.startswith("ia3"):
        return Order("ia3", **more, **asked)
    return Order("lora", Knobs(rank=int(row["lora_rank"]), targets=targets), **more, **asked)
