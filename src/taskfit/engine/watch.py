"""The watch of a rank: notices that another rank is gone while this one waits for it, and ends with its message.

A rank that is killed, stopped or stuck never answers, and a message to it may wait for ever. So each rank beats once
a second in the store that torchrun keeps; who waits and hears no beat of another for SILENCE seconds ends at once.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol

from taskfit.core.errors import (
    BusyError,
    DataError,
    DiskError,
    ModelError,
    TaskfitError,
    TrainingError,
    UsageError,
)
from taskfit.core.text import Text

SILENCE = 15.0  # seconds without a beat
GRACE = 5.0  # seconds that a waiting rank has to hear of an error by itself
BEAT = 0.5
KINDS = {kind.exit_code: kind for kind in (UsageError, DataError, ModelError, DiskError, BusyError, TrainingError)}


class Store(Protocol):
    """What is needed of torch.distributed's key-value stores."""

    def set(self, key: str, value: str) -> None:
        """Set a key."""
        ...

    def get(self, key: str) -> bytes:
        """Return the value of a key; wait for it when there is none."""
        ...

    def check(self, keys: list[str]) -> bool:
        """Return whether all keys are there."""
        ...


def facts_of(problem: BaseException) -> dict[str, Any]:
    """Return what other ranks are told about an error."""
    if isinstance(problem, TaskfitError):
        told = [finding.what for finding in problem.findings]
        en, zh = ("; ".join(one.in_language(language) for one in told) for language in ("en", "zh"))
        return {"code": problem.exit_code, "en": en, "zh": zh}
    if isinstance(problem, KeyboardInterrupt):
        return {"code": 130, "en": "interrupted", "zh": "被中断"}
    sentence = f"{type(problem).__name__}: {problem}"
    return {"code": 1, "en": sentence, "zh": sentence}


def error_of(rank: int, facts: Mapping[str, Any]) -> BaseException:
    """Return the error to raise here because another rank had it: its kind, its message, its exit code."""
    if facts["code"] == 130:
        return KeyboardInterrupt()
    kind = KINDS.get(facts["code"], TaskfitError)
    return kind(Text(f"rank {rank}: {facts['en']}", f"进程 {rank}：{facts['zh']}"))


class Watch:
    """Beats for this rank and listens for the others, in a thread of its own."""

    def __init__(self, store: Store, rank: int, count: int):
        self.store, self.rank, self.others = store, rank, [one for one in range(count) if one != rank]
        self.heard = {one: (b"", time.monotonic()) for one in self.others}
        self.waiting_since: float | None = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.thread.start()

    @contextmanager
    def waiting(self, *, explain: bool = True) -> Iterator[None]:
        """Mark that this rank waits for others; a broken line is explained by the error of the rank that is gone."""
        self.waiting_since = time.monotonic()
        try:
            yield
        except RuntimeError as problem:
            self.waiting_since = None
            if not explain and not _broken(problem):
                raise
            raise self._explained(problem) from problem
        finally:
            self.waiting_since = None

    def leave(self, problem: BaseException | None) -> None:
        """Tell the others that this rank ends, and why, and stop watching."""
        self.over.set()
        self.thread.join()
        told = facts_of(problem) if problem is not None else {"code": 0, "en": "", "zh": ""}
        try:
            self.store.set(f"left/{self.rank}", json.dumps(told))
        except RuntimeError:  # the store is gone with the one who kept it: nobody is left to be told
            return

    def _run(self) -> None:
        beat = 0
        while not self.over.wait(BEAT):
            beat += 1
            try:
                self.store.set(f"beat/{self.rank}", str(beat))
                self._listen()
                self._judge()
            except RuntimeError:
                if not self.over.is_set() and self.waiting_since is not None:
                    self._end(1, Text("the launcher of the ranks is gone", "启动各进程的程序已不在"))
                return

    def _listen(self) -> None:
        for one in self.others:
            key = f"beat/{one}"
            if self.store.check([key]) and (beat := self.store.get(key)) != self.heard[one][0]:
                self.heard[one] = (beat, time.monotonic())

    def _judge(self) -> None:
        since = self.waiting_since
        if since is None:
            return
        now = time.monotonic()
        for one in self.others:
            left = self._left(one)
            if left is not None:
                if left["code"] and now - since > GRACE:
                    self._end(left["code"], Text(f"rank {one}: {left['en']}", f"进程 {one}：{left['zh']}"))
            elif now - self.heard[one][1] > SILENCE:
                self._end(1, _silent(one))

    def _left(self, one: int) -> dict[str, Any] | None:
        key = f"left/{one}"
        if not self.store.check([key]):
            return None
        left: dict[str, Any] = json.loads(self.store.get(key))
        return left

    def _explained(self, problem: RuntimeError) -> BaseException:
        """Return the error of the rank whose line broke: as it told itself, else the one that beats no more."""
        try:
            begun = time.monotonic()
            while time.monotonic() - begun < 4 * BEAT:
                for one in self.others:
                    left = self._left(one)
                    if left is not None and left["code"]:
                        return error_of(one, left)
                time.sleep(BEAT / 5)
            gone = [one for one in self.others if self.heard[one][1] < begun]
        except RuntimeError:
            gone = []
        if gone:
            return TaskfitError(_silent(gone[0]))
        return TaskfitError(Text(f"the line to another rank broke: {problem}", f"与其他进程的连接中断：{problem}"))

    def _end(self, code: int, why: Text) -> NoReturn:
        sys.stderr.write(f"{why}\n")
        sys.stderr.flush()
        os._exit(code)


def _broken(problem: RuntimeError) -> bool:
    """Whether it tells of a line between ranks, not of the work itself."""
    words = str(problem).lower()
    return "connection" in words or "gloo" in words or "nccl" in words


def _silent(rank: int) -> Text:
    return Text(
        f"rank {rank} is gone without a word (killed, stopped, or out of memory); its last checkpoint is whole",
        f"进程 {rank} 无声消失（被终止、被暂停或内存不足）；最近的检查点是完整的",
    )
