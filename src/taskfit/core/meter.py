"""The meter: seconds, processor seconds, tokens, FLOPs, money and peak memory of a piece of work."""

import re
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Meter:
    """Adds up what a piece of work used. One meter per rung and phase; never shared between processes."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    tokens: int = 0
    flops: float = 0.0
    money: float = 0.0
    requests: int = 0
    cache_hits: int = 0
    notes: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count wall and processor seconds of the block, also when it fails."""
        wall, processor = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - wall
            self.cpu_seconds += time.process_time() - processor

    def add(
        self, *, tokens: int = 0, flops: float = 0.0, money: float = 0.0, requests: int = 0, cache_hits: int = 0
    ) -> None:
        """Add counted work."""
        self.tokens += tokens
        self.flops += flops
        self.money += money
        self.requests += requests
        self.cache_hits += cache_hits


def _cuda() -> Any:
    """Return torch.cuda when torch is loaded and has used a GPU; this module never loads torch itself."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_initialized() else None


def bytes_peak() -> int:
    """Return the peak resident memory of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def reset_bytes_peak() -> None:
    """Begin a new peak where the system allows it (Linux); elsewhere the peak is that of the whole process."""
    if (cuda := _cuda()) is not None:
        cuda.reset_peak_memory_stats()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def bytes_peak_since_reset() -> int:
    """Return the peak memory since `reset_bytes_peak`, in bytes: allocated on the GPU when one is used, else resident."""
    if (cuda := _cuda()) is not None:
        return int(cuda.max_memory_allocated())
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return bytes_peak()
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else bytes_peak()
