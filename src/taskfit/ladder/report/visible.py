"""Data made safe to look at: invisible and steering characters shown as escapes, keys and tokens masked."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from taskfit.core.measurement import ScoredPrediction

MASK = "•••"

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_SECRET = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|hf_[A-Za-z0-9]{30,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[0-9A-Za-z_-]{35}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
)


def visible(text: str) -> str:
    r"""Return `text` as it may be shown: ESC becomes `\x1b`, a bidi override `\u202e`; keys are masked.

    Line breaks and tabs stay.

    >>> visible("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return _UNSEEN.sub(_escape, _SECRET.sub(_mask, text.replace("\r\n", "\n")))


def one_line(text: str) -> str:
    """Return `visible(text)` on one line: line breaks and tabs become single spaces."""
    return " ".join(visible(text).split())


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters of `text`; what is left out is counted at the end."""
    return text if len(text) <= limit else f"{text[:limit]} … [+{len(text) - limit:,}]"


def width_of(text: str) -> float:
    """Return the width of `text` in em of a usual sans-serif font (wide characters count 1)."""
    return sum(1.0 if unicodedata.east_asian_width(one) in "WF" else 0.56 for one in text)


def count_secrets(rows: Mapping[str, Iterable[ScoredPrediction]]) -> int:
    """Return how many test rows hold something that looks like a key or token."""
    return len({one.id for part in rows.values() for one in part if _SECRET.search(f"{one.text}\n{one.answer}")})


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _mask(match: re.Match[str]) -> str:
    return match.group()[:4] + MASK
