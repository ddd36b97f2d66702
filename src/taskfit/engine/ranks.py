"""Ranks: the processes that `torchrun` starts to train one model together. Alone, every call here does nothing.

All ranks read the same rows in the same order and take their part of each step; gradients and losses are summed,
so that N ranks compute what one process computes (but for dropout, which each rank draws for itself). Only the lead (rank 0) writes files and tells events.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from taskfit.core.events import silent
from taskfit.core.method import Desk
from taskfit.engine.watch import Watch, error_of, facts_of

BUCKET = 2**24  # numbers sent in one message
EVER = timedelta(days=30)  # the watch decides who is gone, not a clock: the lead may measure and save for hours

NOT_SENT = frozenset(
    {"checkpoints", "cache", "start", "model", ".lock"}
)  # of a run folder: large, and read by the lead


@dataclass(frozen=True)
class Ranks:
    """This process among all: its number, how many there are, where tensors for messages live."""

    rank: int = 0
    count: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    watch: Watch | None = None

    @property
    def lead(self) -> bool:
        """Whether this is the one process that writes files and tells events."""
        return self.rank == 0

    def shares(self, rows: Sequence[int]) -> dict[int, list[int]]:
        """Return the rows of a step that are each rank's; together the ranks have each row once."""
        return {rank: list(rows[rank :: self.count]) for rank in range(self.count)}

    def sum(self, values: Sequence[float]) -> list[float]:
        """Return the sum over all ranks of each value."""
        if self.count == 1:
            return list(values)
        sent = torch.tensor(values, dtype=torch.float64, device=self.device)
        with self.waiting():
            dist.all_reduce(sent)
        return [float(value) for value in sent.tolist()]

    def told_by(self, source: int, value: Any) -> Any:
        """Return the value of rank `source` (a JSON value) on every rank; what others give is not read."""
        if self.count == 1:
            return value
        words = json.dumps(value).encode("utf-8") if self.rank == source else b""
        (size,) = self.sum([len(words)])
        sent = torch.frombuffer(bytearray(words or bytes(int(size))), dtype=torch.uint8).to(self.device)
        with self.waiting():
            dist.broadcast(sent, src=source)
        return json.loads(sent.cpu().numpy().tobytes())

    def sum_gradients(self, weights: Iterable[nn.Parameter]) -> None:
        """Sum gradients over all ranks in place; where only others have one, this rank's counts as zero."""
        if self.count == 1:
            return
        named = list(weights)
        present = self.sum([float(weight.grad is not None) for weight in named])
        held = [weight for weight, ranks in zip(named, present, strict=True) if ranks]
        for weight in held:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        self._send([weight.grad for weight in held if weight.grad is not None], dist.all_reduce)

    def copy_from_lead(self, tensors: Mapping[str, Tensor]) -> None:
        """Overwrite tensors in place with the lead's; names, shapes and order are the same everywhere."""
        if self.count > 1:
            self._send([tensor.detach() for tensor in tensors.values()], lambda flat: dist.broadcast(flat, src=0))

    def tensors_from_lead(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the lead's named tensors on every rank, on the CPU; what others give is not read."""
        if self.count == 1:
            return dict(tensors)
        told = {name: (list(one.shape), str(one.dtype).removeprefix("torch.")) for name, one in tensors.items()}
        shapes = self.told_by(0, told)
        if self.lead:
            held = dict(tensors)
        else:
            held = {name: torch.empty(shape, dtype=getattr(torch, kind)) for name, (shape, kind) in shapes.items()}
        self.copy_from_lead(held)
        return held

    @contextmanager
    def together(self) -> Iterator[None]:
        """Run a block on all ranks; when it fails on one, all raise that rank's error."""
        if self.count == 1:
            yield
            return
        problem: BaseException | None = None
        try:
            yield
        except BaseException as caught:  # noqa: BLE001  (told to all ranks, then raised again)
            problem = caught
        failed = self._first_failed(problem is not None)
        if failed is None:
            return
        told = self.told_by(failed, facts_of(problem) if problem is not None else None)
        raise problem if problem is not None else error_of(failed, told)

    def waiting(self) -> AbstractContextManager[None]:
        """Mark a block in which this rank waits for the others."""
        return self.watch.waiting() if self.watch is not None else nullcontext()

    def working(self) -> AbstractContextManager[None]:
        """Mark a block of work in which ranks wait for each other without a call of ours."""
        return self.watch.waiting(explain=False) if self.watch is not None else nullcontext()

    def _first_failed(self, failed: bool) -> int | None:
        sent = torch.tensor([self.count - self.rank if failed else 0], device=self.device)
        with self.waiting():
            dist.all_reduce(sent, op=dist.ReduceOp.MAX)
        found = int(sent)
        return self.count - found if found else None

    def _send(self, tensors: Sequence[Tensor], message: Callable[[Tensor], Any]) -> None:
        """Send tensors in flat buckets of one dtype, and write back what came."""
        for bucket in _buckets(tensors):
            flat = torch.cat([tensor.reshape(-1) for tensor in bucket]).to(self.device)
            with self.waiting():
                message(flat)
            for tensor, part in zip(bucket, torch.split(flat, [tensor.numel() for tensor in bucket]), strict=True):
                tensor.copy_(part.view_as(tensor))


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    kinds: dict[torch.dtype, list[Tensor]] = {}
    for tensor in tensors:
        kinds.setdefault(tensor.dtype, []).append(tensor)
    for kind in kinds.values():
        bucket: list[Tensor] = []
        for tensor in kind:
            if bucket and sum(one.numel() for one in bucket) + tensor.numel() > BUCKET:
                yield bucket
                bucket = []
            bucket.append(tensor)
        yield bucket


_joined: ContextVar[Ranks | None] = ContextVar("ranks", default=None)


def current_ranks() -> Ranks:
    """Return this process among the ranks that `joined` brought together; alone outside of it."""
    return _joined.get() or Ranks()


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the ranks that torchrun started, for the block; a process started alone stays alone.

    An error that leaves the block on one rank ends the others within seconds, with that rank's message and exit code.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Ranks()
        return
    rank, device = int(os.environ["RANK"]), _device()
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", timeout=EVER)
    watch = Watch(_store(), rank, count)
    token = _joined.set(Ranks(rank, count, device, watch))
    try:
        yield current_ranks()
    except BaseException as problem:
        watch.leave(problem)
        raise
    else:
        watch.leave(None)
    finally:
        _joined.reset(token)
        dist.destroy_process_group()


def _device() -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device


def _store() -> Any:
    """Return a line of our own to the store that torchrun keeps, so that the watch never waits for the training."""
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    stores: Any = dist  # PyTorch's stubs do not name them
    store = stores.TCPStore(address, port, is_master=False, timeout=timedelta(seconds=30))
    return stores.PrefixStore(f"taskfit/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)


@contextmanager
def desk_of_rank(desk: Desk) -> Iterator[Desk]:
    """Give the desk to work at: the lead's own; other ranks get a copy of its folder that is thrown away, and are silent.

    So a method may write and read its folder as it likes, and the ranks still decide alike. Checkpoints are not
    copied: the loop reads them on the lead and sends them.
    """
    ranks = current_ranks()
    if ranks.count == 1:
        yield desk
        return
    with ranks.together():
        files = _files(desk.folder) if ranks.lead else {}
    files = ranks.tensors_from_lead(files)
    if ranks.lead:
        yield desk
        return
    own = Path(tempfile.mkdtemp(prefix="taskfit-rank-"))
    try:
        for name, content in files.items():
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            (own / name).write_bytes(content.numpy().tobytes())
        yield replace(desk, folder=own, cache=own / "cache", emit=silent)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _files(folder: Path) -> dict[str, Tensor]:
    return {
        path.relative_to(folder).as_posix(): torch.frombuffer(bytearray(content), dtype=torch.uint8)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and NOT_SENT.isdisjoint(path.relative_to(folder).parts) and (content := path.read_bytes())
    }
