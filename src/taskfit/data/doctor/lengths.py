"""Rows much longer than what a model reads, before any tokenizer is known."""

from collections.abc import Iterator

from taskfit.core.text import Text
from taskfit.data.finding import RowFinding, Rows, places

LONG = 8000


def check(rows: Rows) -> Iterator[RowFinding]:
    """Yield a finding when rows have more than 8,000 characters."""
    sizes = [(sum(len(message.content) for message in example.messages), example) for example in rows.examples]
    found = [(size, example) for size, example in sizes if size > LONG]
    if found:
        longest = max(size for size, _ in found)
        what = Text(
            f"{len(found)} rows have more than {LONG:,} characters (the longest {longest:,}); they may be cut",
            f"{len(found)} 行超过 {LONG:,} 个字符（最长 {longest:,}），可能会被截断",
        )
        yield RowFinding("long_rows", "warn", what, len(found), places(example for _, example in found))
