"""The state of the machine: versions, threads, memory, disk, accelerator; nothing is changed."""

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from taskfit import __version__
from taskfit.core.text import Text, same

PACKAGES = ("torch", "transformers", "peft", "tokenizers", "safetensors", "numpy", "pydantic", "pyarrow")
ENOUGH_MEMORY, ENOUGH_DISK = 4e9, 2e9


@dataclass(frozen=True)
class Fact:
    """One thing found, how it is, and what to do when it is not fine."""

    name: Text
    value: str
    state: Literal["fine", "note", "wrong"] = "fine"
    todo: Text | None = None


def doctor(folder: Path) -> tuple[Fact, ...]:
    """Return what was found of this machine; `folder` is where runs would be made."""
    facts = [
        Fact(same("taskfit"), f"{__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}")
    ]
    facts += [_package(name) for name in PACKAGES]
    facts += [_threads(), _memory(), _disk(folder), _numbers(), _accelerator()]
    return tuple(facts)


def _package(name: str) -> Fact:
    try:
        return Fact(same(name), importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Fact(same(name), "-", "wrong", Text("not installed: pip install taskfit", "未安装：pip install taskfit"))


def _threads() -> Fact:
    from taskfit.engine.machine import choose_threads, cores_usable

    cores, threads = cores_usable(), choose_threads()
    value = f"{threads} / {cores} (load {os.getloadavg()[0]:.1f})"
    name = Text("threads to use / cores", "建议线程数 / 可用核数")
    if threads < cores:
        return Fact(name, value, "note", Text("other programs are busy", "其他程序正在占用处理器"))
    return Fact(name, value)


def _memory() -> Fact:
    name = Text("memory free / all", "内存 可用 / 总量")
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    free = _memory_free()
    if free is None:
        return Fact(name, f"- / {total / 1e9:.1f} GB")
    value = f"{free / 1e9:.1f} / {total / 1e9:.1f} GB"
    if free < ENOUGH_MEMORY:
        return Fact(name, value, "note", Text("training all weights may not fit", "训练全部权重可能放不下"))
    return Fact(name, value)


def _memory_free() -> int | None:
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _disk(folder: Path) -> Fact:
    there = next(one for one in (folder, *folder.resolve().parents) if one.exists())
    free = shutil.disk_usage(there).free
    name = Text(f"disk free at {there}", f"磁盘剩余（{there}）")
    if not os.access(there, os.W_OK):
        return Fact(name, "-", "wrong", Text("cannot be written to", "不可写入"))
    if free < ENOUGH_DISK:
        return Fact(name, f"{free / 1e9:.1f} GB", "note", Text("checkpoints may not fit", "检查点可能放不下"))
    return Fact(name, f"{free / 1e9:.1f} GB")


def _numbers() -> Fact:
    """Tell whether the processor computes bfloat16 itself."""
    name = Text("bfloat16 in the processor", "处理器支持 bfloat16")
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Fact(name, "-")
    found = [flag for flag in ("avx512_bf16", "amx_bf16", "bf16") if re.search(rf"\b{flag}\b", flags)]
    return Fact(name, ", ".join(found) or "-")


def _accelerator() -> Fact:
    import torch

    name = Text("accelerator", "加速器")
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        return Fact(name, f"{properties.name}, {properties.total_memory / 1e9:.0f} GB")
    if sys.platform == "darwin" and torch.backends.mps.is_available():
        return Fact(name, "Apple MPS")
    if shutil.which("nvidia-smi"):
        todo = Text("this PyTorch is built without CUDA; see README", "当前 PyTorch 不含 CUDA；见 README")
        return Fact(name, "NVIDIA", "note", todo)
    return Fact(name, "-")
