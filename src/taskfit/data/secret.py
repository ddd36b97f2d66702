"""Keys, tokens and passwords in texts: known shapes, told from the placeholders of manuals by how random they look."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import log2

from taskfit.data.entity import Entity

LEAST_BITS = 3.0
"""Bits per character from which a token looks random; words and `xxxxxxxx` have fewer."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of secret: words that stand in each of them (cheap to look for), and its pattern."""

    kind: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(kind: str, needles: str, pattern: str) -> Shape:
    return Shape(kind, tuple(needles.split()), re.compile(pattern))


_END = r"(?![A-Za-z0-9_-])"
# A text may be several rows joined by U+001E: no secret goes across.
SHAPES = (
    _shape(
        "openai",
        "sk-",
        rf"sk-(?<![A-Za-z0-9_-]sk-)(?:proj-|svcacct-|admin-|ant-[a-z0-9]+-|or-v1-)?[A-Za-z0-9_-]{{20,200}}{_END}",
    ),
    _shape("github", "gh", rf"gh[pousr]_(?<![A-Za-z0-9_-]....)[A-Za-z0-9]{{36,251}}{_END}"),
    _shape("github", "github_pat_", rf"github_pat_[A-Za-z0-9_]{{50,100}}{_END}"),
    _shape("gitlab", "glpat-", rf"glpat-[A-Za-z0-9_-]{{20,60}}{_END}"),
    _shape("aws", "AKIA ASIA", rf"A[KS]IA(?<![A-Za-z0-9]....)[A-Z2-7]{{16}}{_END}"),
    _shape("google", "AIza", rf"AIza(?<![A-Za-z0-9]AIza)[A-Za-z0-9_-]{{35}}{_END}"),
    _shape("google", "ya29.", r"ya29\.[A-Za-z0-9_-]{30,400}"),
    _shape("slack", "xox", rf"xox[bpars]-[A-Za-z0-9-]{{20,200}}{_END}"),
    _shape(
        "slack",
        "hooks.slack.com/",
        r"hooks\.slack\.com/(?:services|workflows)/T[A-Za-z0-9_]{6,}/[A-Za-z0-9_]{6,}/[A-Za-z0-9_]{16,}",
    ),
    _shape("huggingface", "hf_", rf"hf_(?<![A-Za-z0-9_]hf_)[A-Za-z0-9]{{30,60}}{_END}"),
    _shape("stripe", "k_live_", rf"[rs]k_live_[A-Za-z0-9]{{20,200}}{_END}"),
    _shape("npm", "npm_", rf"npm_(?<![A-Za-z0-9_]npm_)[A-Za-z0-9]{{36}}{_END}"),
    _shape("pypi", "pypi-AgE", r"pypi-AgE[A-Za-z0-9_-]{50,400}"),
    _shape("sendgrid", "SG.", r"SG\.(?<![A-Za-z0-9]SG\.)[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _shape("alibaba", "LTAI", rf"LTAI(?<![A-Za-z0-9]LTAI)[A-Za-z0-9]{{12,26}}{_END}"),
    _shape("tencent", "AKID", rf"AKID(?<![A-Za-z0-9]AKID)[A-Za-z0-9]{{32}}{_END}"),
    _shape("telegram", ":AA", rf":AA[A-Za-z0-9_-]{{33}}{_END}"),
    _shape("jwt", "eyJ", r"eyJ(?<![A-Za-z0-9_-]eyJ)[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
    _shape(
        "private_key",
        "PRIVATE",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?:(?!-----)[^\x1e]){0,20000}-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|(?=\s*\S{40}))",
    ),
    _shape("url_password", "://", r"://[^\s/:@\"'<>\x1e]{1,64}:(?P<word>[^\s/:@\"'<>\x1e]{6,64})@[A-Za-z0-9.-]{3,}"),
    _shape("assigned", "'] \"] ' \"", r"['\"](?P<word>[A-Za-z0-9_/+=-]{24,200})(?=['\"])"),
)
_NAMED = re.compile(
    r"(?:key|secret|token|passw(?:or)?d|pwd|credential)s?[\"']?\s{0,3}(?:[:=]|=>)\s{0,3}[\"']\Z", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"x{4,}|\.{3}|\*{3}|0{6,}|12345|abcdef|example|your|placeholder|changeme|dummy|sample|secret|insert|password|<|\$[{(]|%s",
    re.IGNORECASE,
)  # fmt: skip


def secrets_in(text: str) -> Iterator[Entity]:
    """Yield the secrets of a text, in order; nothing of it twice."""
    found: list[Entity] = []
    for shape in SHAPES:
        if any(needle in text for needle in shape.needles):
            found += (one for seen in shape.pattern.finditer(text) if (one := _judged(shape.kind, text, seen)))
    last = 0
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if one.start >= last:
            last = one.end
            yield one


def _judged(kind: str, text: str, seen: re.Match[str]) -> Entity | None:
    named = "word" in seen.re.groupindex
    word, (start, end) = (seen["word"], seen.span("word")) if named else (seen[0], seen.span())
    if kind == "private_key":
        return Entity(kind, start, end, word) if "..." not in word else None
    if kind == "assigned" and not _NAMED.search(text, max(0, start - 32), start):
        return None
    if kind == "url_password":
        good = not _PLACEHOLDER.search(word) and word.casefold() not in ("passwd", "postgres", "mysql", "guest1")
    else:
        mixed = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
        good = mixed and bits_per_character(word) >= LEAST_BITS and not _PLACEHOLDER.search(word)
    return Entity(kind, start, end, word) if good else None


def bits_per_character(word: str) -> float:
    """Return the entropy of the characters of a word."""
    counts = Counter(word).values()
    return sum(-count / len(word) * log2(count / len(word)) for count in counts)
