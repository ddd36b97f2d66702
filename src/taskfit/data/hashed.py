"""A test set as hashes: enough to find its rows in other data, and not one of its words.

Written to a file it can be given to others, who check their training rows against it without seeing the test.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.data.normal import Keys
from taskfit.data.passages import Numbers, Passages, telling_passages, words_in
from taskfit.data.record import Record
from taskfit.data.said import asked_text, said_by

VERSION = 1
FEWEST_PASSAGES, MOST_PASSAGES = 4, 64


@dataclass(frozen=True)
class HashedTest:
    """The rows of a test set: a hash of what each asks, and the hashed passages of it."""

    name: str
    keys: Keys
    passages: Passages

    def seen(self, found: NDArray[np.bool_], share: float) -> Numbers:
        """Return the rows of which at least `share` of the passages are `found`; one with fewer than four says too little."""
        total = np.bincount(self.passages.rows, minlength=len(self.keys))
        there = np.bincount(self.passages.rows[found], minlength=len(self.keys))
        return np.flatnonzero((total >= FEWEST_PASSAGES) & (there >= share * total))


def hashed(name: str, records: Sequence[Record]) -> HashedTest:
    """Return the hashes of the rows of a test set."""
    words = words_in([asked_text(record) for record in records])
    return HashedTest(name, said_by(records).asked_keys, telling_passages(words, MOST_PASSAGES))


def write_hashed(test: HashedTest, file: Path) -> None:
    """Write a hashed test set as JSON."""
    passages: list[list[str]] = [[] for _ in test.keys]
    for row, one in zip(test.passages.rows.tolist(), test.passages.hashes.tolist(), strict=True):
        passages[row].append(f"{one:016x}")
    content = {
        "taskfit_hashed_test": VERSION,
        "name": test.name,
        "rows": len(test.keys),
        "keys": [f"{one:016x}" for one in test.keys.tolist()],
        "passages": passages,
    }
    file.write_text(json.dumps({**content, "check": _check(content)}) + "\n", encoding="utf-8")


def read_hashed(file: Path) -> HashedTest:
    """Read a hashed test set; raise DataError when the file is none, or was changed."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        check = content.pop("check")
        whole = check == _check(content) and content["taskfit_hashed_test"] == VERSION
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _unreadable(file, str(problem)) from problem
    if not whole:
        raise _unreadable(file, "its content is not what was written")
    counts = [len(some) for some in content["passages"]]
    return HashedTest(
        content["name"],
        np.array([int(one, 16) for one in content["keys"]], np.uint64),
        Passages(
            np.array([int(one, 16) for some in content["passages"] for one in some], np.uint64),
            np.repeat(np.arange(len(counts)), counts),
        ),
    )


def _check(content: dict[str, object]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _unreadable(file: Path, reason: str) -> DataError:
    return DataError(
        Text(f"{file} is no hashed test set: {reason}", f"{file} 不是哈希测试集：{reason}"),
        todo=Text("make it again with `taskfit data hash`", "请用 `taskfit data hash` 重新生成"),
    )
