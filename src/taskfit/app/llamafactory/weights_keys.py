"""From 'finetuning_type' and what belongs to it to the weight method that is trained, with its settings."""

from typing import Any

from taskfit.app.llamafactory.given import Given
from taskfit.core.text import Text

KINDS = ("lora", "freeze", "full", "oft")
ONLY_LORA = ("use_dora", "use_rslora", "pissa_init", "loraplus_lr_ratio", "quantization_bit", "additional_target")


def weights_of(given: Given) -> tuple[str, dict[str, Any]]:
    """Return the name and settings of the weight method."""
    kind = given.choice("finetuning_type", "lora", (*KINDS, "qlora"))
    if kind == "oft":
        given.refuse(
            "finetuning_type",
            Text("orthogonal fine-tuning (oft) is not here", "此处没有正交微调（oft）"),
            Text("lora is the nearest: few weights beside a frozen base", "最接近的是 lora：在冻结基座旁训练少量权重"),
        )
    if kind not in ("lora", "qlora"):
        for key in ONLY_LORA:
            if given.values.get(key) not in (None, False, ""):
                given.refuse(key, Text("goes only with finetuning_type: lora", "只能与 finetuning_type: lora 一起使用"))
    if kind == "freeze":
        return _layers(given)
    if kind in ("full", "oft"):
        return "full", {}
    return _lora(given, quantised=kind == "qlora" or given.has("quantization_bit"))


def _lora(given: Given, *, quantised: bool) -> tuple[str, dict[str, Any]]:
    rank = given.count("lora_rank", 8)
    targets = given.words("lora_target")
    settings: dict[str, Any] = {
        "r": rank,
        "alpha": given.number("lora_alpha", 2.0 * rank, least=1e-6, most=4096),
        "dropout": given.number("lora_dropout", 0.0, most=0.999),
        "targets": list(targets) if targets != ("all",) else [],
        "whole": list(given.words("additional_target")),
        "rslora": given.flag("use_rslora"),
        "dora": given.flag("use_dora"),
        "plus": given.number("loraplus_lr_ratio", 0.0, most=1000),
    }
    if given.flag("pissa_init"):
        settings["start"] = "pissa"
    said = {key: value for key, value in settings.items() if value not in ([], False, 0.0) or key == "dropout"}
    return ("qlora", said | _bits(given)) if quantised else ("lora", said)


def _bits(given: Given) -> dict[str, Any]:
    bits = given.count("quantization_bit", 4)
    if bits not in (4, 8):
        given.refuse("quantization_bit", Text(f"{bits} is neither 4 nor 8", f"{bits} 既不是 4 也不是 8"))
    if given.choice("quantization_type", "nf4", ("nf4", "fp4")) != "nf4" and bits == 4:
        given.refuse("quantization_type", Text("4 bits are kept as nf4 here", "此处 4 位以 nf4 存储"))
    if given.flag("pissa_init"):
        given.refuse("pissa_init", Text("does not go with quantised weights", "不能与量化权重一起使用"))
    return {"bits": bits}


def _layers(given: Given) -> tuple[str, dict[str, Any]]:
    value = given.values.get("freeze_trainable_layers", 2)
    if isinstance(value, bool) or not isinstance(value, int) or value == 0:
        given.refuse(
            "freeze_trainable_layers",
            Text(f"{value!r} is no number of layers", f"{value!r} 不是层数"),
            Text("above 0: the last n layers; below 0: the first n", "正数：最后 n 层；负数：最前 n 层"),
        )
        value = 2
    return "last_layers", {"layers": value}
