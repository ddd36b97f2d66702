"""Numbers and bytes: how many bytes a number takes, and sizes as people write them ("24GB", "80GiB")."""

import re
from typing import Literal, get_args

from taskfit.core.errors import UsageError
from taskfit.core.text import Text

# How weights are kept and computed with; "mixed": kept in float32, computed with in bfloat16 (autocast).
Precision = Literal["float32", "bfloat16", "float16", "mixed"]
Packing = Literal["", "nf4", "nf4-plain", "gptq4", "int8", "gptq8"]

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
KEPT: dict[Precision, int] = {"float32": 4, "bfloat16": 2, "float16": 2, "mixed": 4}
COMPUTED: dict[Precision, int] = {"float32": 4, "bfloat16": 2, "float16": 2, "mixed": 2}
# Bytes per packed number, its share of the scales included.
PACKED: dict[Packing, float] = {
    # 4 bits, blocks of 64 with an 8-bit scale, and one float32 for 256 of these (Dettmers et al. 2023, arXiv:2305.14314).
    "nf4": 0.5 + 1 / 64 + 4 / (64 * 256),
    "nf4-plain": 0.5 + 4 / 64,  # the same with a float32 scale per block
    # GPTQ: per group of 128 a 16-bit scale and a zero of as many bits (Frantar et al. 2022, arXiv:2210.17323).
    "gptq4": 0.5 + 2.5 / 128,
    "gptq8": 1 + 3 / 128,
    "int8": 1 + 4 / 4096,  # one float32 scale per row (Dettmers et al. 2022, arXiv:2208.07339)
}
UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 2.0**10, "mi": 2.0**20, "gi": 2.0**30, "ti": 2.0**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?\s*", re.IGNORECASE)


def read_size(written: str, *, where: str = "") -> int:
    """Return the bytes that "24GB" (10^9), "24GiB" (2^30) or "24G" mean; raise UsageError for anything else."""
    found = _SIZE.fullmatch(written)
    if found is None or float(found[1]) == 0:
        raise UsageError(
            Text(f"'{written}' is not a size", f"'{written}' 不是大小"),
            where=where,
            todo=Text("write it like 24GB or 80GiB", "请写成 24GB 或 80GiB"),
        )
    return int(float(found[1]) * UNITS[(found[2] or "").lower()])


def show_size(count: float) -> str:
    """Return bytes as people read them: "13.5 GB", "820 MB"."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit * 0.9995:
            value = count / unit
            return f"{value:,.0f} {name}" if value >= 99.95 else f"{value:,.1f} {name}"
    return f"{count:,.0f} B"
