"""The doctor at work: rows in chunks, each chunk through all checks, what they saw joined, then what they found.

One process, several (forked, one chunk each, so that no row is copied to them), or the workers of a cluster: the
checks are the same and so are the findings.
"""

import gc
import multiprocessing
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Any

from taskfit.core.errors import TaskfitError
from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole
from taskfit.data.finding import RowFinding, worst_first
from taskfit.data.read import FileFacts, ListedRow
from taskfit.data.record import Record

ROWS_PER_CHUNK = 4096
CHARACTERS_PER_CHUNK = 8_000_000
WORTH_A_PROCESS = 2 * ROWS_PER_CHUNK

Checks = Mapping[str, Check[Any]]
Told = Callable[[int], None]


@dataclass(frozen=True)
class Seen:
    """What the checks saw of some rows: a part of each check, the rows by kind, and CPU seconds by check."""

    parts: Mapping[str, Any] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows were seen."""
        return sum(self.kinds.values())


@dataclass(frozen=True)
class Aside:
    """What is known beside the rows: those not used, the facts of the files, and those mended while they were read."""

    listed: Sequence[ListedRow] = ()
    files: Sequence[FileFacts] = ()
    repaired: Sequence[ListedRow] = ()


def chunks_of(records: Iterable[Record], rows: int = ROWS_PER_CHUNK) -> Iterator[Chunk]:
    """Yield the records in chunks of so many rows, fewer where they are long."""
    held: list[Record] = []
    size = start = 0
    for record in records:
        held.append(record)
        size += len(record.text or "") + sum(len(message.content) for message in record.messages)
        if len(held) == rows or size > CHARACTERS_PER_CHUNK:
            yield Chunk(held, start)
            held, size, start = [], 0, start + len(held)
    if held:
        yield Chunk(held, start)


def examine(
    chunks: Iterable[Chunk], checks: Checks, means: Means, *, processes: int = 1, told: Told = lambda _: None
) -> Seen:
    """Return what the checks saw of all chunks; `told` hears how many rows are done."""
    forks = processes > 1 and sys.platform == "linux"
    seen = _forked(chunks, checks, means, processes) if forks else (look(chunk, checks, means) for chunk in chunks)
    whole = Seen()
    for one in seen:
        whole = join(whole, one, checks)
        told(whole.rows)
    return whole


def look(chunk: Chunk, checks: Checks, means: Means) -> Seen:
    """Return what the checks see of one chunk."""
    parts, seconds = {}, {}
    for name, check in checks.items():
        began = time.process_time()
        parts[name] = check.map(chunk, means)
        seconds[name] = time.process_time() - began
    return Seen(parts, Counter(record.kind for record in chunk.records), seconds)


def join(one: Seen, other: Seen, checks: Checks) -> Seen:
    """Return what was seen of both; `one` stands before `other`."""
    if not one.parts:
        return other
    seconds, parts = dict(one.seconds), {}
    for name, check in checks.items():
        began = time.process_time()
        parts[name] = check.merge(one.parts[name], other.parts[name])
        seconds[name] += other.seconds[name] + time.process_time() - began
    return Seen(parts, Counter(one.kinds) + Counter(other.kinds), seconds)


def conclude(seen: Seen, checks: Checks, means: Means, aside: Aside | None = None) -> tuple[RowFinding, ...]:
    """Return what the checks found, the worst first."""
    aside = aside or Aside()
    whole = Whole(seen.rows, aside.listed, aside.files, seen.kinds, means, aside.repaired)
    findings = []
    for name, check in checks.items():
        part = seen.parts[name] if seen.parts else check.map(Chunk(()), means)
        for one in check.finish(part, whole):
            share = min(1.0, one.touched / whole.read) if whole.read else 0.0
            findings.append(replace(one, check=one.check or name, share=one.share or share))
    return worst_first(findings)


def _forked(chunks: Iterable[Chunk], checks: Checks, means: Means, processes: int) -> Iterator[Seen]:
    """Yield what is seen of each chunk, in order; at most `processes` children work while the next chunk is read."""
    context = multiprocessing.get_context("fork")
    running: deque[tuple[ForkProcess, Connection]] = deque()
    # Objects that exist now are not looked at by the collector: children would copy their pages.
    gc.freeze()
    try:
        for chunk in chunks:
            if len(running) == processes:
                yield _answer(*running.popleft())
            ours, theirs = context.Pipe(duplex=False)
            child = context.Process(target=_work, args=(theirs, chunk, checks, means), daemon=True)
            child.start()
            theirs.close()
            running.append((child, ours))
        while running:
            yield _answer(*running.popleft())
    finally:
        gc.unfreeze()
        for child, _ in running:
            child.kill()
            child.join()


def _work(answer: Connection, chunk: Chunk, checks: Checks, means: Means) -> None:
    try:
        answer.send(look(chunk, checks, means))
    except TaskfitError as problem:
        answer.send((type(problem), problem.findings))
    answer.close()


def _answer(child: ForkProcess, ours: Connection) -> Seen:
    try:
        seen = ours.recv()
    except EOFError:
        child.join()
        raise RuntimeError(f"a process that checked rows ended with code {child.exitcode}") from None
    child.join()
    ours.close()
    if isinstance(seen, Seen):
        return seen
    kind, findings = seen
    raise kind(findings)


def not_run(checks: Checks, means: Means) -> dict[str, Text]:
    """Return the checks that cannot run with these means, each with what is missing."""
    asked = {
        "tokens": Text("a model (--model): its tokenizer counts tokens", "需要模型（--model）：用其分词器计数"),
        "window": Text("a length (--length)", "需要长度（--length）"),
        "learned": Text("a model (--model): its chat template", "需要模型（--model）：用其对话模板"),
        "losses": Text("a model (--model) and --losses", "需要模型（--model）与 --losses"),
        "embed": Text("an encoder (--encoder)", "需要编码模型（--encoder）"),
        "judge": Text("a judge", "需要评审模型"),
        "test": Text("test rows (--test)", "需要测试数据（--test）"),
        "known": Text("hashed test sets (--known)", "需要哈希测试集（--known）"),
        "pieces": Text("a model (--model): its tokenizer", "需要模型（--model）：用其分词器"),
    }
    lacking = {
        name: next((need for need in check.needs if getattr(means, need) in (None, ())), None)
        for name, check in checks.items()
    }
    return {name: asked[need] for name, need in lacking.items() if need is not None}


def able(checks: Checks, means: Means) -> dict[str, Check[Any]]:
    """Return the checks that can run with these means."""
    lacking = not_run(checks, means)
    return {name: check for name, check in checks.items() if name not in lacking}
