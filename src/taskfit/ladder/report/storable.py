"""JSON that every reader takes, whatever numbers and characters a run met."""

import math
from typing import Any


def storable(value: Any) -> Any:
    r"""Return JSON values that every JSON reader takes: NaN and infinity as text, half characters as `\udc80`."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {storable(key): storable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [storable(one) for one in value]
    return value
