"""From the trainer keys of a LLaMA-Factory file to our options of gradient training."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from taskfit.app.llamafactory.given import Given
from taskfit.core.text import Text

SCHEDULES = {
    "linear": "linear",
    "cosine": "cosine",
    "cosine_with_restarts": "cosine_with_restarts",
    "cosine_with_min_lr": "cosine",
    "cosine_warmup_with_min_lr": "cosine",
    "polynomial": "polynomial",
    "constant": "constant",
    "constant_with_warmup": "constant_with_warmup",
    "inverse_sqrt": "inverse_sqrt",
    "warmup_stable_decay": "wsd",
}
OPTIMIZERS = {
    **dict.fromkeys(("adamw_torch", "adamw_torch_fused", "adamw_hf", "adamw_apex_fused", "adamw_torch_xla"), "adamw"),
    **dict.fromkeys(("adamw_torch_npu_fused", "adamw_anyprecision", "paged_adamw", "paged_adamw_32bit"), "adamw"),
    **dict.fromkeys(("adamw_8bit", "adamw_bnb_8bit", "adamw_torch_8bit", "paged_adamw_8bit"), "adamw_8bit"),
    "adafactor": "adafactor",
    "sgd": "sgd",
    **dict.fromkeys(("lion_32bit", "lion_8bit", "paged_lion_32bit", "paged_lion_8bit"), "lion"),
    "adagrad": "adagrad",
    **dict.fromkeys(("rmsprop", "rmsprop_bnb", "rmsprop_bnb_8bit", "rmsprop_bnb_32bit"), "rmsprop"),
}
LEAST_KINDS = ("no", "steps", "epoch")


def training_settings(given: Given, *, devices: int) -> dict[str, Any]:
    """Return the options of training that the file asks for; `devices` is how many processes share a step."""
    pieces = given.count("gradient_accumulation_steps", 1)
    settings: dict[str, Any] = {
        "lr": given.number("learning_rate", 5e-5, least=1e-12, most=10),
        "batch": given.count("per_device_train_batch_size", 8) * pieces * devices,
        "weight_decay": given.number("weight_decay", 0.0, most=1),
        "clip": given.number("max_grad_norm", 1.0),
        "warmup": _warmup(given),
        "label_smoothing": given.number("label_smoothing_factor", 0.0, most=0.999),
        "neftune_alpha": given.number("neftune_noise_alpha", 0.0, most=1000),
        "precision": "bfloat16" if given.flag("bf16") or given.flag("pure_bf16") else "float32",
        "gradient_checkpointing": _recomputes(given),
        **_length(given),
        **_schedule(given),
        **_optimizer(given),
        **_saving(given),
    }
    if pieces > 1:
        settings["accumulation"] = pieces * devices
    if given.text("fsdp"):
        settings["parallel"] = "fsdp"
    if settings["schedule"] == "constant" and settings["warmup"]:
        settings["warmup"] = 0.0  # as in LLaMA-Factory, where 'constant' has no warm-up
    return settings


def _length(given: Given) -> dict[str, Any]:
    steps = given.values.get("max_steps")
    if steps is not None and steps != -1:
        return {"max_steps": given.count("max_steps", 1), "epochs": None}
    return {"epochs": given.number("num_train_epochs", 3.0, least=1e-6, most=10_000)}


def _warmup(given: Given) -> float:
    steps = given.number("warmup_steps", 0.0)
    return steps or given.number("warmup_ratio", 0.0, most=0.999999)


def _recomputes(given: Given) -> bool:
    asked = given.flag("gradient_checkpointing") or given.flag("activation_checkpointing")
    return asked or given.values.get("disable_gradient_checkpointing") is False


def _schedule(given: Given) -> dict[str, Any]:
    name = given.choice("lr_scheduler_type", "linear", tuple(SCHEDULES))
    settings: dict[str, Any] = {"schedule": SCHEDULES[name]}
    details = _mapping(given, "lr_scheduler_kwargs")
    rate = given.number("learning_rate", 5e-5, least=1e-12, most=10)
    readers: dict[str, tuple[str, tuple[str, ...], Callable[[Any], float]]] = {
        "num_cycles": ("cycles", ("cosine_with_restarts",), int),
        "power": ("power", ("polynomial",), float),
        "lr_end": ("lr_end", ("polynomial",), lambda end: float(end) / rate),
        "min_lr": ("lr_end", ("cosine_with_min_lr", "cosine_warmup_with_min_lr"), lambda end: float(end) / rate),
        "min_lr_rate": ("lr_end", ("cosine_with_min_lr", "cosine_warmup_with_min_lr"), float),
        "min_lr_ratio": ("lr_end", ("warmup_stable_decay",), float),
        "num_decay_steps": ("decay", ("warmup_stable_decay",), float),
    }
    for key, value in details.items():
        ours, schedules, read = readers.get(key, ("", (), float))
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if name in schedules and number:
            settings[ours] = read(value)
        else:
            given.refuse(
                "lr_scheduler_kwargs",
                Text(f"'{key}: {value}' is not read by {name}", f"{name} 不读取 '{key}: {value}'"),
                Text("remove it", "请去掉它"),
            )
    return settings


def _mapping(given: Given, key: str) -> Mapping[str, Any]:
    value = given.values.get(key)
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except ValueError:
            given.refuse(key, Text("not valid JSON", "不是有效的 JSON"))
            return {}
    if value in (None, ""):
        return {}
    if isinstance(value, Mapping):
        return value
    given.refuse(key, Text(f"{value!r} is no mapping", f"{value!r} 不是键值对"))
    return {}


def _optimizer(given: Given) -> dict[str, Any]:
    name = OPTIMIZERS[given.choice("optim", "adamw_torch", tuple(OPTIMIZERS))]
    settings: dict[str, Any] = {"optimizer": name}
    if name in ("adamw", "adamw_8bit", "lion"):
        first = given.number("adam_beta1", 0.9, most=0.999999)
        settings["betas"] = (first, given.number("adam_beta2", 0.999, most=0.999999))
    if name in ("adamw", "adamw_8bit"):
        settings["eps"] = given.number("adam_epsilon", 1e-8, least=1e-30, most=1)
    return settings


def _saving(given: Given) -> dict[str, Any]:
    if given.choice("save_strategy", "steps", (*LEAST_KINDS, "best")) != "steps":
        return {}
    steps = given.number("save_steps", 500, least=1e-9)
    return {"save_every": int(steps)} if steps >= 1 else {}


def looks_per_epoch(given: Given, *, rows: int, batch: int, epochs: float | None, max_steps: int | None) -> float:
    """Return how many times an epoch the dev loss is measured: as 'eval_strategy' says, or once at the end."""
    per_epoch = max(1, -(-rows // batch))
    steps = max_steps or max(1, round(per_epoch * (epochs or 1.0)))
    kind = given.choice("eval_strategy", "no", LEAST_KINDS)
    if kind == "epoch":
        return 1.0
    if kind == "steps":
        every = given.number("eval_steps", 0.0) or given.number("logging_steps", 500.0)
        return max(1e-6, per_epoch / max(1.0, every * steps if every < 1 else every))
    return per_epoch / steps


def logging_every(given: Given, *, rows: int, batch: int, steps: int) -> int:
    """Return the steps between two lines of trainer_log.jsonl; 0: none."""
    kind = given.choice("logging_strategy", "steps", LEAST_KINDS)
    if kind == "no":
        return 0
    if kind == "epoch":
        return max(1, -(-rows // batch))
    every = given.number("logging_steps", 500.0)
    return max(1, round(every * steps if every < 1 else every))
