"""Documents: rows that are read as one text, whole or up to a limit."""

import re
import unicodedata

from taskfit.data.record import Record


def text_of(record: Record) -> str:
    """Return the text of a document; of other rows what is asked."""
    return (record.text if record.text is not None else record.prompt).strip()


def piece_of(text: str, most: int) -> str:
    """Return a text, or its beginning of at most so many characters, up to the end of a paragraph or a sentence."""
    if len(text) <= most:
        return text
    head = text[:most]
    for pattern in (r"\n\s*\n", r"\n", r"(?<=[.!?])\s|(?<=[。！？])"):
        ends = [found.start() for found in re.finditer(pattern, head) if found.start() >= most // 2]
        if ends:
            return head[: ends[-1]].rstrip()
    return head


def stands_in(quote: str, text: str) -> bool:
    """Return whether a quotation stands in a text, whatever the spaces, marks and widths."""
    bare = _bare(quote)
    return bool(bare) and bare in _bare(text)


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
