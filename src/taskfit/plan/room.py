"""How much memory this machine has to give, on its processor or on a GPU."""

import re
from pathlib import Path

# Limit and use of a container, of both versions of cgroups; files kept for speed count as used but are given back.
CGROUPS = (
    ("/sys/fs/cgroup", "memory.max", "memory.current"),
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
)


def room_on_cpu() -> int | None:
    """Return the bytes that can still be used: what the kernel calls available, within the limit of the container."""
    left = [one for one in (_available(), *(_left_in(*files) for files in CGROUPS)) if one is not None]
    return min(left, default=None)


def room_on_gpu() -> int | None:
    """Return the free bytes of the GPU that would be used, or None where there is none."""
    import torch

    if not torch.cuda.is_available():
        return None
    free, _ = torch.cuda.mem_get_info()
    return int(free)


def _available() -> int | None:
    found = re.search(r"MemAvailable:\s+(\d+) kB", _text("/proc/meminfo"))
    return int(found[1]) * 1024 if found else None


def _left_in(folder: str, limit: str, used: str) -> int | None:
    most, now = (_text(f"{folder}/{name}").strip() for name in (limit, used))
    if not (most.isdigit() and now.isdigit()):
        return None
    idle = re.search(r"^(?:total_)?inactive_file (\d+)$", _text(f"{folder}/memory.stat"), re.MULTILINE)
    return max(0, int(most) - int(now) + (int(idle[1]) if idle else 0))


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
