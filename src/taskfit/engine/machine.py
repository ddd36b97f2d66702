"""The machine: how many threads to use, and which matrix kernels are fast and exact on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

# PyTorch's stubs do not know this switch.
_MKLDNN: Any = torch.backends.mkldnn


def cores_usable() -> int:
    """Return the cores this process may use: affinity and the cgroup's quota, at least 1."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(affinity, _quota(affinity)))


def _quota(otherwise: int) -> int:
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:  # noqa: PTH123
            quota, period = file.read().split()
    except (OSError, ValueError):
        return otherwise
    return otherwise if quota == "max" else max(1, int(quota) // int(period))


def choose_threads() -> int:
    """Return how many threads to compute with: free cores, counted by the load of the last minute.

    OpenMP threads that have to share a core wait for each other by spinning: two threads on a busy
    two-core machine are several times slower than one.
    """
    busy = os.getloadavg()[0]
    cores = cores_usable()
    return max(1, min(cores, round(cores - busy + 0.4)))


@dataclass(frozen=True)
class MatmulProbe:
    """Relative error of one float32 matrix product, with the library's default and with oneDNN."""

    error_default: float
    error_onednn: float

    @property
    def onednn_is_exact(self) -> bool:
        """Whether oneDNN's float32 kernel is as exact as the default one (within 4x)."""
        return self.error_onednn <= max(4 * self.error_default, 1e-6)


def _product(a: torch.Tensor, b: torch.Tensor, setting: str) -> torch.Tensor:
    before = _MKLDNN.matmul.fp32_precision
    _MKLDNN.matmul.fp32_precision = setting
    try:
        return a @ b
    finally:
        _MKLDNN.matmul.fp32_precision = before


def probe_matmul(size: int = 384) -> MatmulProbe:
    """Compute one float32 product [size, size] both ways; errors are relative to float64."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(size, size, generator=generator) for _ in range(2))
    exact = a.double() @ b.double()
    scale = exact.abs().max()
    errors = [float((_product(a, b, setting).double() - exact).abs().max() / scale) for setting in ("none", "bf16")]
    return MatmulProbe(*errors)


def is_amd() -> bool:
    """Return whether the processor is one of AMD, where the system tells."""
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False


@contextmanager
def fast_matmul() -> Iterator[bool]:
    """Use oneDNN's float32 kernels in the block on AMD processors, where a probe shows that they are exact.

    There the default library takes its AVX2 path; the setting "bf16" makes PyTorch ask oneDNN, which computes
    float32 inputs in float32 unless the processor has AMX. There it would lose digits, hence the probe. No clock
    decides: the same machine must give the same digits in every run. Yields whether the kernels are used.
    """
    before = _MKLDNN.matmul.fp32_precision
    use = _MKLDNN.is_available() and is_amd() and probe_matmul().onednn_is_exact
    if use:
        _MKLDNN.matmul.fp32_precision = "bf16"
    try:
        yield use
    finally:
        _MKLDNN.matmul.fp32_precision = before
