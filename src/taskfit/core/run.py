"""A run on disk: only a folder. The file that says "finished" is written last."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from taskfit.core.errors import BusyError
from taskfit.core.events import Event
from taskfit.core.files import cannot_write, plain
from taskfit.core.text import Text

FINISHED = "measurement.json"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def cache(self) -> Path:
        """Where rungs share what one of them computed; may be deleted at any time."""
        return self.path / "cache"

    def rung(self, place: int, name: str) -> Path:
        """Return the folder of the rung at `place` (0-based)."""
        return self.path / "rungs" / f"{place:02d}-{name}"

    def rungs(self) -> list[Path]:
        """Return the folders of all rungs begun so far, in order."""
        return sorted(path for path in (self.path / "rungs").glob("[0-9][0-9]-*") if path.is_dir())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one process; raise BusyError when another holds it. A dead holder does not count."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.seek(0)
                holder = lock.read().strip() or "?"
                raise BusyError(
                    Text(f"process {holder} is working in this run folder", f"进程 {holder} 正在使用这个运行目录"),
                    where=str(self.path),
                    todo=Text(
                        "wait for it, or choose another folder with --run", "请等待其结束，或用 --run 指定别的目录"
                    ),
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def record(self, event: Event) -> None:
        """Append one event to events.jsonl."""
        line = json.dumps(
            {"kind": event.kind, "time": round(event.time, 3), **plain(event.data)}, ensure_ascii=False, allow_nan=False
        )
        path = self.path / "events.jsonl"
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as problem:
            raise cannot_write(path, problem) from problem


def new_run(root: Path, name: str) -> RunFolder:
    """Make a folder `root/name-0001` that did not exist before; two starts at once get two folders."""
    stem = re.sub(r"[^\w-]+", "-", name).strip("-")[:60] or "run"
    number = 1 + max((_number(path, stem) for path in root.glob(f"{stem}-[0-9]*")), default=0)
    while True:
        path = root / f"{stem}-{number:04d}"
        try:
            path.mkdir(parents=True, exist_ok=False)
            return RunFolder(path)
        except FileExistsError:
            number += 1
        except OSError as problem:
            raise cannot_write(path, problem) from problem


def _number(path: Path, stem: str) -> int:
    tail = path.name.removeprefix(f"{stem}-")
    return int(tail) if tail.isdigit() else 0
