"""The work of a synthesis: round after round until there are rows enough, each round safe on the disk before the next.

A round is a pure function of the seed, its number and what was made before; answers that were paid for lie in a cache. So work
that was killed goes on with the same result and pays for nothing twice.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from taskfit.core.errors import LimitReached
from taskfit.core.events import Emit, Event, silent
from taskfit.core.example import Origin
from taskfit.core.text import Language, Text
from taskfit.data.record import Record
from taskfit.workshop.journal import Journal, Round
from taskfit.workshop.maker import Maker
from taskfit.workshop.recipe import Batch, Material, Pool, Recipe, Turn
from taskfit.workshop.score import Filter, judged

ROUNDS = "rounds.jsonl"
FRUITLESS_ROUNDS = 20
MAKING = Text("making rows", "生成数据")


@dataclass(frozen=True)
class Order:
    """What is to be made: by which recipe (and its name), how many rows (None: all that the material gives)."""

    name: str
    recipe: Recipe
    material: Material
    rows: int | None
    language: Language = "en"
    seed: int = 0
    similar: float = 0.7


@dataclass(frozen=True)
class Workers:
    """Who writes, who judges, and by which scores rows are filtered."""

    maker: Maker
    judge: Maker
    filters: Sequence[Filter] = ()


@dataclass
class Made:
    """What there is so far: rows and instructions of all finished rounds. `stopped` says why it is not all."""

    pool: Pool
    rows: list[Record] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    by_round: list[Sequence[Record]] = field(default_factory=list)
    fruitless: int = 0
    finished: bool = False
    stopped: Text | None = None

    @property
    def rounds(self) -> int:
        """How many rounds are finished."""
        return len(self.by_round)

    def take(self, done: Round) -> None:
        """Add a finished round."""
        self.rows += done.rows
        self.rejected.update(one.reason for one in done.rejected)
        self.by_round.append(done.rows)
        self.finished = done.finished
        self.fruitless = 0 if done.rows else self.fruitless + 1


def begun(order: Order, folder: Path) -> Made:
    """Return what earlier work in `folder` has made."""
    made = Made(Pool([task.instruction for task in order.material.seeds], similar=order.similar))
    for done in Journal(folder / ROUNDS).rounds():
        made.take(done)
        for instruction in done.instructions:
            made.pool.put(instruction)
    return made


def synthesize(
    order: Order,
    workers: Workers,
    folder: Path,
    *,
    made: Made,
    emit: Emit = silent,
    spent: Callable[[], Text | None] | None = None,
) -> None:
    """Make rows until there are enough, nothing is left to make, or a limit is reached; `made` grows on the way.

    Whatever ends it (an error, Ctrl-C), `made` and the journal hold all finished rounds.
    """
    journal = Journal(folder / ROUNDS)

    def told() -> None:
        _tell(order, made, emit, spent)

    told()
    while not _is_done(order, made):
        known = len(made.pool.made)
        try:
            batch = _one_round(order, workers, made, told)
        except LimitReached as limit:
            made.stopped = limit.findings[0].what
            return
        done = Round(
            made.rounds,
            _named(batch.rows, order, workers, made),
            batch.rejected,
            made.pool.made[known:],
            batch.finished,
        )
        journal.add(done)
        made.take(done)
        told()


def _is_done(order: Order, made: Made) -> bool:
    if order.rows is not None and len(made.rows) >= order.rows:
        return True
    if order.recipe.writes and made.fruitless >= FRUITLESS_ROUNDS and not made.finished:
        made.stopped = Text(
            f"{FRUITLESS_ROUNDS} rounds, one after the other, brought no row; rejected.jsonl says why",
            f"连续 {FRUITLESS_ROUNDS} 轮没有得到任何数据；原因见 rejected.jsonl",
        )
        return True
    if made.finished and order.rows is not None:
        made.stopped = Text("the material gives no more rows", "材料已用完，无法得到更多数据")
    return made.finished


def _one_round(order: Order, workers: Workers, made: Made, told: Callable[[], None]) -> Batch:
    turn = Turn(
        number=made.rounds,
        seed=order.seed,
        language=order.language,
        material=order.material,
        pool=made.pool,
        before=made.by_round,
        maker=workers.maker,
        judge=workers.judge,
        told=told,
    )
    batch = order.recipe.make(turn)
    for one in workers.filters:
        result = judged(batch.rows, one, turn)
        batch = replace(batch, rows=result.rows, rejected=(*batch.rejected, *result.rejected))
    return batch


def _named(rows: Sequence[Record], order: Order, workers: Workers, made: Made) -> tuple[Record, ...]:
    """Give rows their ids and say who made them how."""
    how = {"recipe": order.name, "prompt": order.recipe.prompt_hash(order.language), "seed": str(order.seed)}
    if order.recipe.writes:
        how["generator"] = workers.maker.name
    named = []
    for place, row in enumerate(rows):
        number = len(made.rows) + place + 1
        about = {"lang": order.language, **row.about, **how}
        identity = f"{order.name}-{order.seed}-{number:05d}"
        named.append(replace(row, id=identity, origin=Origin(ROUNDS, made.rounds + 1), about=about))
    return tuple(named)


def _tell(order: Order, made: Made, emit: Emit, spent: Callable[[], Text | None] | None) -> None:
    cost = spent() if spent else None
    unit = Text("rows", "行") if cost is None else Text(f"rows, {cost.en}", f"行，{cost.zh}")
    wanted = order.rows or len(order.material.records)
    data = {"phase": _both(MAKING), "done": min(len(made.rows), wanted), "total": wanted, "unit": _both(unit)}
    emit(Event("progress", data))


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
