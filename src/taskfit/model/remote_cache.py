"""Answers of remote models on disk: one JSON line each, so that no answer is paid for twice."""

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from taskfit.core.errors import DiskError
from taskfit.core.files import cannot_write
from taskfit.core.text import Text
from taskfit.model.remote_call import Answer


def key_of(url: str, body: Mapping[str, Any]) -> str:
    """Return the hash of everything an answer depends on: address, model, messages, parameters."""
    told = json.dumps([url, body], ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


class AnswerCache:
    """Answers by key, in the file at `path` (None: only in memory). Several processes may add to one file.

    A killed writer leaves at most a torn line, which is skipped; `skipped` counts such lines.
    """

    def __init__(self, path: Path | None):
        self.path = path
        self.skipped = 0
        self._lock = threading.Lock()
        self._answers = self._read(path) if path is not None and path.exists() else {}

    @property
    def requests(self) -> int:
        """How many answers there are."""
        return len(self._answers)

    @property
    def tokens(self) -> tuple[int, int]:
        """How many tokens all answers took (in, out)."""
        kept = self._answers.values()
        return sum(one.tokens_in for one in kept), sum(one.tokens_out for one in kept)

    def get(self, key: str) -> Answer | None:
        """Return the answer for `key`, or None."""
        return self._answers.get(key)

    def put(self, key: str, answer: Answer) -> None:
        """Keep the answer, on disk before in memory; raise DiskError when it cannot be written."""
        with self._lock:
            if self.path is not None:
                _append(self.path, json.dumps({"key": key, **asdict(answer)}, ensure_ascii=False, allow_nan=False))
            self._answers[key] = answer

    def _read(self, path: Path) -> dict[str, Answer]:
        found: dict[str, Answer] = {}
        try:
            with path.open("rb") as file:
                for line in file:
                    try:
                        record = json.loads(line)
                        key = record.pop("key")
                        found[key] = Answer(**record)
                    except (ValueError, TypeError, KeyError, AttributeError):  # torn, or written by another version
                        self.skipped += 1
        except OSError as problem:
            raise DiskError(Text(f"cannot be read: {problem}", f"无法读取：{problem}"), where=str(path)) from problem
        return found


def _append(path: Path, line: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            start = b"\n" if _is_torn(file.fileno()) else b""
            data = start + line.encode("utf-8") + b"\n"
            written = file.write(data)
            if written != len(data):
                raise OSError(f"only {written} of {len(data)} bytes were written")
    except OSError as problem:
        raise cannot_write(path, problem) from problem


def _is_torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
