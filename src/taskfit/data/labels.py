"""Labels as they stand in the rows: whether they are a closed set, and what is odd about them."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

MOST_LABELS = 500
LONGEST_LABEL = 80
# Letters of other scripts that look like a Latin letter, as they occur in labels typed by hand (Unicode TR39).
LOOKALIKES = str.maketrans("авеікмнорстухѕјӏαβεηικμνορτυχ", "abeikmhopctyxsjlabenikmvoptux")


def is_closed(targets: Sequence[str]) -> bool:
    """Return whether the targets are few, short and repeated: classes, not free answers."""
    counts = Counter(targets)
    if not counts or len(counts) > MOST_LABELS or max(map(len, counts)) > LONGEST_LABEL:
        return False
    repeated = sum(count for count in counts.values() if count > 1)
    return len(targets) >= 2 * len(counts) and repeated >= 0.8 * len(targets)


def looks_like(label: str) -> str:
    """Return a form that is equal for labels a reader takes for the same.

    Case, width, space, zero-width characters, marks at the ends, look-alike letters, and the ways to write
    one number (1, 1.0, 01) make no difference.
    """
    text = unicodedata.normalize("NFKC", label).casefold()
    text = "".join(one for one in text if unicodedata.category(one) not in ("Cf", "Cc"))
    text = " ".join(text.replace("_", " ").split()).translate(LOOKALIKES)
    start, end = 0, len(text)
    while start < end and unicodedata.category(text[start])[0] in "PZ" and text[start] not in "-+":
        start += 1
    while start < end and unicodedata.category(text[end - 1])[0] in "PZ":
        end -= 1
    return _number(text[start:end]) or text[start:end] or text


def variants(labels: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the sets of different labels that look the same, each sorted."""
    alike: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        alike[looks_like(label)].add(label)
    return tuple(tuple(sorted(names)) for _, names in sorted(alike.items()) if len(names) > 1)


def is_numeric(label: str) -> bool:
    """Return whether the label is only a number, which says nothing to a language model."""
    return _number(unicodedata.normalize("NFKC", label).strip()) != ""


def _number(text: str) -> str:
    whole, dot, rest = text.lstrip("-+").partition(".")
    if not (whole.isdecimal() and whole.isascii() and (not dot or rest == "" or (rest.isdecimal() and rest.isascii()))):
        return ""
    sign = "-" if text.startswith("-") else ""
    return sign + (whole.lstrip("0") or "0") + ("." + rest.rstrip("0") if rest.rstrip("0") else "")
