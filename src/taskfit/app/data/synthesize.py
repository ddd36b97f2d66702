"""Make rows with a model: read the material, open writer and judge, work round by round, leave rows, ledger and manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskfit import __version__
from taskfit.app.data.synthesize_material import Found, material_of
from taskfit.app.data.synthesize_people import Trust, scores_of_people, trust_in
from taskfit.app.data.synthesize_settings import SynthesizeSettings
from taskfit.app.data.synthesize_workers import Staff, staff_of
from taskfit.core.errors import UsageError
from taskfit.core.events import Emit, Event, silent
from taskfit.core.files import cannot_write, plain, read_json, sha256, write_atomic, write_json, write_lines
from taskfit.core.run import RunFolder
from taskfit.core.text import Text
from taskfit.data.shapes import record as own_shape
from taskfit.workshop.journal import Journal
from taskfit.workshop.reasons import REASONS
from taskfit.workshop.synthesis import ROUNDS, Made, Order, begun, synthesize

ROWS, REJECTED, MANIFEST, WORK, UNREAD = "rows.jsonl", "rejected.jsonl", "manifest.json", "work.json", "not-read.jsonl"
FROM_SEEDS = 100
ITSELF = Text(
    "the model judges what it wrote itself, and judges favour their own words; name another with --judge",
    "由模型评审它自己写的内容，容易偏向自己；可用 --judge 指定另一个评审",
)
# What may be different when work is taken up again: it changes nothing of what was made.
NOT_WORK = ("rows", "out", "budget", "online", "people")
NOT_WORK_REMOTE = (
    *("key_env", "timeout_seconds", "retries", "wait_seconds", "concurrency", "per_minute"),
    *("max_requests", "max_money", "price_in", "price_out"),
)


@dataclass(frozen=True)
class Synthesis:
    """What came of it: the folder, the manifest as it was written, and how the judge agrees with people."""

    folder: Path
    manifest: Mapping[str, Any]
    trust: Trust | None = None


def synthesize_rows(settings: SynthesizeSettings, emit: Emit = silent, *, fresh: bool = False) -> Synthesis:
    """Make the rows that the settings ask for, in the folder `settings.out`; go on there with what was begun.

    Whatever ends the work (a limit, an error, Ctrl-C), rows, ledger and manifest tell all finished rounds, and the same
    settings continue. Raises TaskfitError for anything the user can mend.
    """
    folder = Path(settings.out)
    make_folder(folder)
    with RunFolder(folder).locked():
        if fresh:
            _clear(folder)
        emit(Event("run.started", {"folder": folder.as_posix()}))
        found = material_of(settings)
        order = _order(settings, found)
        if settings.people is not None:
            scores_of_people(order, settings.people)  # refused before anything is paid for
        _same_work(folder, _work(settings, order, found))
        staff = staff_of(settings, folder)
        write_lines(folder / UNREAD, found.unread)
        if found.unread:
            emit(Event("warning", {"text": plain(_unread(len(found.unread), folder))}))
        if staff.judges_itself and order.recipe.writes:
            emit(Event("warning", {"text": plain(ITSELF)}))
        made = begun(order, folder)
        try:
            synthesize(order, staff.workers, folder, made=made, emit=emit, spent=staff.spent)
        except KeyboardInterrupt:
            made.stopped = Text("stopped by the user", "被用户停止")
            raise
        finally:
            trust = trust_in(settings, order, folder)
            manifest = _leave(settings, order, staff, made, trust)
    return Synthesis(folder, manifest, trust)


def _order(settings: SynthesizeSettings, found: Found) -> Order:
    recipe = settings.recipe
    rows = settings.rows or (FROM_SEEDS if recipe.needs == "seeds" else None)
    return Order(settings.how, recipe, found.material, rows, found.language, settings.seed, settings.similar)


def _same_work(folder: Path, work: Mapping[str, Any]) -> None:
    """Write down what the folder stands on; refuse to go on there with other work."""
    stored = folder / WORK
    if stored.is_file():
        before = read_json(stored)
        other = sorted(name for name in {*before, *work} if before.get(name) != work.get(name))
        if other:
            names = ", ".join(other)
            raise UsageError(
                Text(f"was begun with another {names}", f"是以不同的 {names} 开始的"),
                where=str(folder),
                todo=Text(
                    "choose another folder with --out, or begin anew with --fresh",
                    "请用 --out 指定别的目录，或用 --fresh 重新开始",
                ),
            )
    write_json(stored, work)


def _work(settings: SynthesizeSettings, order: Order, found: Found) -> dict[str, Any]:
    values = settings.model_dump(mode="json", exclude=set(NOT_WORK))
    for name in ("remote", "judge_remote"):
        if values.get(name):
            values[name] = {key: one for key, one in values[name].items() if key not in NOT_WORK_REMOTE}
    prompt = order.recipe.prompt_hash(order.language)
    return {**values, "language": order.language, "files": list(found.hashes), "prompt": prompt}


def _leave(settings: SynthesizeSettings, order: Order, staff: Staff, made: Made, trust: Trust | None) -> dict[str, Any]:
    """Write rows, ledger and manifest."""
    folder = Path(settings.out)
    wanted = made.rows if order.rows is None else made.rows[: order.rows]
    write_lines(folder / ROWS, (own_shape.write(row) for row in wanted))
    ledger = (
        {
            "round": one.number,
            "reason": lost.reason,
            "why": REASONS[lost.reason],
            "said": lost.said,
            "parent": lost.parent,
        }
        for one in Journal(folder / ROUNDS).rounds()
        for lost in one.rejected
    )
    write_lines(folder / REJECTED, ledger)
    manifest = {
        "how": order.name,
        "settings": settings.recipe.model_dump(mode="json"),
        "language": order.language,
        "seed": order.seed,
        "prompt": order.recipe.prompt_hash(order.language),
        "generator": staff.writer if order.recipe.writes else None,
        "judge": staff.judges,
        "rows": len(wanted),
        "spare_rows": len(made.rows) - len(wanted),
        "rejected": dict(sorted(made.rejected.items())),
        "rounds": made.rounds,
        "spent": staff.facts(),
        "stopped": made.stopped,
        "agreement": trust,
        "sha256": sha256(folder / ROWS),
        "taskfit": __version__,
    }
    write_json(folder / MANIFEST, manifest)
    return plain(manifest)  # type: ignore[no-any-return]


def _unread(count: int, folder: Path) -> Text:
    path = folder / UNREAD
    return Text(f"{count} rows of the material cannot be used: {path}", f"材料中有 {count} 行无法使用：{path}")


def make_folder(folder: Path) -> None:
    """Make the folder and prove that it can be written to, before anything is paid for."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / ".probe", b"")
        (folder / ".probe").unlink()
    except (OSError, ValueError) as problem:
        raise cannot_write(folder, problem) from problem


def _clear(folder: Path) -> None:
    """Take away what a synthesis left in the folder; anything else stays. Answers that were paid for stay, too."""
    for name in (ROUNDS, ROWS, REJECTED, MANIFEST, WORK, UNREAD):
        (folder / name).unlink(missing_ok=True)
