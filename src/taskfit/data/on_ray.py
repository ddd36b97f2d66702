"""The same checks on the workers of a Ray cluster (Ray Data); the findings are those of one process."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from taskfit.core.errors import UsageError
from taskfit.core.text import Text
from taskfit.data.examine import Checks, Seen, Told, join, look

if TYPE_CHECKING:
    from taskfit.data.checking import Chunk, Means

ROUND = 64
"""Chunks that are sent at once: so many are in memory, however many rows the files hold."""


def examine_on_ray(
    chunks: Iterable["Chunk"],
    checks: Checks,
    means: "Means",
    *,
    told: Told = lambda _: None,
    workers: int | None = None,
) -> Seen:
    """Return what the checks saw of all chunks; raise UsageError when Ray is not installed.

    A Ray that runs already is used; else one is started on this machine (with so many `workers`) and ended again.
    """
    try:
        import ray
    except ImportError:
        raise UsageError(
            Text("the package ray is not installed", "未安装 ray"),
            where="--engine ray",
            todo=Text("pip install 'taskfit[ray]'", "pip install 'taskfit[ray]'"),
        ) from None
    started = not ray.is_initialized()
    if started:
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        return _rounds(chunks, _Look(dict(checks), means), checks, told)
    finally:
        if started:
            ray.shutdown()


def _rounds(
    chunks: Iterable["Chunk"], work: Callable[[dict[str, Any]], dict[str, Any]], checks: Checks, told: Told
) -> Seen:
    import ray

    whole, waiting = Seen(), []
    for number, chunk in enumerate(chunks, 1):
        waiting.append({"number": number, "chunk": chunk})
        if len(waiting) == ROUND:
            whole = _joined(whole, ray.data.from_items(waiting).map(work).take_all(), checks)
            waiting = []
            told(whole.rows)
    if waiting:
        whole = _joined(whole, ray.data.from_items(waiting).map(work).take_all(), checks)
        told(whole.rows)
    return whole


def _joined(whole: Seen, answers: list[dict[str, Any]], checks: Checks) -> Seen:
    for answer in sorted(answers, key=lambda one: int(one["number"])):
        whole = join(whole, answer["seen"], checks)
    return whole


class _Look:
    """What a worker does with one chunk."""

    def __init__(self, checks: dict[str, Any], means: "Means"):
        self.checks = checks
        self.means = means

    def __call__(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"number": item["number"], "seen": look(item["chunk"], self.checks, self.means)}
