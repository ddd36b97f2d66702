"""The form in which exact duplicates are equal: small letters and digits, no marks, no space."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

# Indic, Thai and Lao vowel signs are no letters for Python; without them words become other words.
_NOISE = re.compile(r"(?<=\d)([^\w\u0900-\u0eff]+)(?=\d)|(?<!\w)(-)(?=\d)|[^\w+#\u0900-\u0eff]|_")
# Where no digit stands, a mark means nothing and can be taken away without a look at what is beside it.
_ANY_DIGIT = re.compile(r"\d")
_MARK = re.compile(r"[^\w+#\u0900-\u0eff\n]|_")
_ASCII_MARKS = {code: None for code in range(128) if not (chr(code).isalnum() or chr(code) in "+#\n")}
_AT_ONCE = 1000


def normal(text: str) -> str:
    """Return `text` in the form in which exact duplicates are equal: small letters and digits, no marks, no space.

    Marks stay where they change the meaning: between digits (1.5 + 2), a minus before one, in C++ and C#;
    and in a text that has nothing else.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _NOISE.sub(_kept, plain) or " ".join(plain.split())


def normals(texts: Sequence[str]) -> Iterator[str]:
    """Yield `normal` of every text, many of them in one go: several times faster for short ones."""
    left = iter(texts)
    while some := list(islice(left, _AT_ONCE)):
        yield from _many(some)


def keys_of(texts: Iterable[str]) -> Keys:
    """Return a 64-bit hash of each text."""
    digests = b"".join(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, np.dtype("<u8")).astype(np.uint64, copy=False)


def _many(texts: list[str]) -> list[str]:
    simple = [place for place, text in enumerate(texts) if not _ANY_DIGIT.search(text)]
    joined = "\n".join(texts[place].replace("\n", " ") for place in simple)
    if joined.isascii():
        formed = joined.lower().translate(_ASCII_MARKS).split("\n")
    else:
        formed = _MARK.sub("", unicodedata.normalize("NFKC", joined).casefold()).split("\n")
    found = dict(zip(simple, formed, strict=True)) if simple else {}
    # NFKC makes digits of signs that are none (circled ones), and of some texts nothing is left: those one by one.
    return [
        form if (form := found.get(place, "")) and not _ANY_DIGIT.search(form) else normal(text)
        for place, text in enumerate(texts)
    ]


def _kept(found: re.Match[str]) -> str:
    between = found[1]
    if between is not None:
        return "".join(between.split()) or " "
    return found[2] or ""
