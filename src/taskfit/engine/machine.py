"""The machine: how many threads to use, and which matrix kernels are fast and exact on it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
    """Relative error and seconds of one float32 matrix product, with the library's default and with oneDNN."""

    error_default: float
    error_onednn: float
    seconds_default: float
    seconds_onednn: float

    @property
    def onednn_is_better(self) -> bool:
        """Whether oneDNN's float32 kernel is as exact as the default one (within 4x) and at least 1.2x faster."""
        exact = self.error_onednn <= max(4 * self.error_default, 1e-6)
        return exact and self.seconds_onednn * 1.2 < self.seconds_default


def _product(a: torch.Tensor, b: torch.Tensor, setting: str) -> tuple[torch.Tensor, float]:
    before = _MKLDNN.matmul.fp32_precision
    _MKLDNN.matmul.fp32_precision = setting
    try:
        _ = a @ b  # the first product chooses a kernel
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            c = a @ b
            best = min(best, time.perf_counter() - start)
    finally:
        _MKLDNN.matmul.fp32_precision = before
    return c, best


def probe_matmul(size: int = 384) -> MatmulProbe:
    """Measure one float32 product [size, size] both ways; errors are relative to float64."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(size, size, generator=generator) for _ in range(2))
    exact = a.double() @ b.double()
    scale = exact.abs().max()
    default, seconds_default = _product(a, b, "none")
    onednn, seconds_onednn = _product(a, b, "bf16")
    errors = [float((c.double() - exact).abs().max() / scale) for c in (default, onednn)]
    return MatmulProbe(errors[0], errors[1], seconds_default, seconds_onednn)


@contextmanager
def fast_matmul() -> Iterator[bool]:
    """Use oneDNN's float32 kernels in the block where a probe shows that they are exact and faster.

    On AMD processors the default library takes its AVX2 path; the setting "bf16" makes PyTorch ask oneDNN,
    which computes float32 inputs in float32 unless the processor has AMX. There it would lose digits,
    hence the probe. Yields whether the kernels are used.
    """
    before = _MKLDNN.matmul.fp32_precision
    use = _MKLDNN.is_available() and probe_matmul().onednn_is_better
    if use:
        _MKLDNN.matmul.fp32_precision = "bf16"
    try:
        yield use
    finally:
        _MKLDNN.matmul.fp32_precision = before
